/** Chance out of a seed: the same seed and label always give the same numbers. */
export type Chance = {
  /** A number in [0, 1). */
  next(): number
  /** A number in [low, high). */
  between(low: number, high: number): number
  /** A whole number in [0, bound). */
  below(bound: number): number
  /** Does something of this probability happen? */
  happens(probability: number): boolean
  /** One of a list that has at least one member. */
  pick<T>(list: readonly T[]): T
  /** A UUID of version 4 by its form. */
  uuid(): string
  /** Chance of its own for one part of the world, so that more draws there change nothing elsewhere. */
  fork(label: string): Chance
}

export function createChance(seed: number, label = ''): Chance {
  let state = mixed(`${seed}/${label}`)
  /** @see mulberry32, public domain: 32 bits of state, good enough to choose faults by */
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let bits = Math.imul(state ^ (state >>> 15), 1 | state)
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  const hexDigits = (count: number): string => Array.from({ length: count }, () => below(16).toString(16)).join('')
  return {
    next,
    below,
    between: (low, high) => low + next() * (high - low),
    happens: (probability) => next() < probability,
    pick(list) {
      const [first] = list
      if (first === undefined) throw new TypeError('There is nothing to pick from.')
      return list[below(list.length)] ?? first
    },
    uuid: () => `${hexDigits(8)}-${hexDigits(4)}-4${hexDigits(3)}-8${hexDigits(3)}-${hexDigits(12)}`,
    fork: (part) => createChance(seed, `${label}/${part}`),
  }
}

/** A text as 32 bits. @see FNV-1a */
function mixed(text: string): number {
  let bits = 0x811c9dc5
  for (let at = 0; at < text.length; at++) bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193)
  return bits
}
