/** Runs work of one name one after another, and of different names at once. It remembers only what runs. */
export function createLine() {
  const last = new Map<string, Promise<unknown>>()
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = last.get(name) ?? Promise.resolve()
    const mine = before.then(work, work)
    last.set(name, mine)
    return await mine.finally(() => {
      if (last.get(name) === mine) last.delete(name)
    })
  }
}
