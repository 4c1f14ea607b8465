/** The newest values, in the order of their coming. */
export type Ring<Value> = {
  /** @returns whether the oldest one had to go for it */
  push(value: Value): boolean
  /** Takes out the oldest ones, at most so many. */
  take(most: number): Value[]
  /** From the newest to the oldest. */
  newestFirst(): Iterable<Value>
  readonly size: number
}

/** @param limit how many it holds (≥ 1) */
export function createRing<Value>(limit: number): Ring<Value> {
  const slots: (Value | undefined)[] = []
  let first = 0
  let size = 0
  /** Slots in use hold values; the cast says so to the compiler. */
  const at = (offset: number) => slots[(first + offset) % limit] as Value
  const drop = () => {
    slots[first] = undefined
    first = (first + 1) % limit
    size -= 1
  }
  return {
    push(value) {
      const isFull = size === limit
      if (isFull) drop()
      slots[(first + size) % limit] = value
      size += 1
      return isFull
    },
    take(most) {
      const taken: Value[] = []
      for (let left = Math.min(most, size); left > 0; left--) {
        taken.push(at(0))
        drop()
      }
      return taken
    },
    *newestFirst() {
      for (let offset = size - 1; offset >= 0; offset--) yield at(offset)
    },
    get size() {
      return size
    },
  }
}
