/**
 * What belongs to a key, made when it is first asked for. The keys must be few: the caller maps whatever a stranger can
 * choose onto words of its own.
 */
export function createChildren<Child>(make: (key: string) => Child): (key: string) => Child {
  const children = new Map<string, Child>()
  return (key) => {
    const known = children.get(key)
    if (known !== undefined) return known
    const child = make(key)
    children.set(key, child)
    return child
  }
}
