/** A map that forgets what was least recently written or read once it holds `limit` entries. */
export type BoundedMap<Key, Value> = {
  get(key: Key): Value | undefined
  set(key: Key, value: Value): void
  delete(key: Key): boolean
  readonly size: number
}

/** @param limit at least 1 */
export function createBoundedMap<Key, Value>(limit: number): BoundedMap<Key, Value> {
  const entries = new Map<Key, Value>() // a Map remembers the order of insertion: the first is the oldest
  return {
    get(key) {
      const value = entries.get(key)
      if (value === undefined) return undefined
      entries.delete(key)
      entries.set(key, value)
      return value
    },
    set(key, value) {
      entries.delete(key)
      if (entries.size >= limit) for (const oldest of entries.keys()) if (entries.delete(oldest)) break
      entries.set(key, value)
    },
    delete: (key) => entries.delete(key),
    get size() {
      return entries.size
    },
  }
}
