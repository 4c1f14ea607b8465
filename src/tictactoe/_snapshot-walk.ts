import type { Chain } from '../chain/chain.ts'
import type { HeldSnapshot } from '../chain/snapshots.ts'

/** Of whatever one answer needs of the ledger, read at the same time. */
const readsAtOnce = 16

/** The same for each of a list, 16 at once, in its order. */
export async function inTurn<T, R>(list: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (const part of partsOf(list)) results.push(...(await Promise.all(part.map(work))))
  return results
}

/** A list in parts of as many as are read at once. */
export const partsOf = <T>(list: readonly T[]): T[][] =>
  Array.from({ length: Math.ceil(list.length / readsAtOnce) }, (_, index) =>
    list.slice(index * readsAtOnce, (index + 1) * readsAtOnce),
  )

/** The snapshots from one ordinal down to another. */
export type Walk = { readonly from: number; readonly downTo: number }

/**
 * Snapshots newest first, until one is not shown. The first few may be missing: of several nodes one may lag behind.
 * @throws LedgerUnreachableError
 */
export async function* walkBack(
  chain: Pick<Chain, 'readSnapshot'>,
  { from, downTo }: Walk,
  signal: AbortSignal,
): AsyncGenerator<HeldSnapshot, void> {
  let hasBegun = false
  for (let top = from; top >= downTo; top -= readsAtOnce) {
    const ordinals = ordinalsFrom(top, Math.max(downTo, top - readsAtOnce + 1))
    const some = await Promise.all(ordinals.map((ordinal) => chain.readSnapshot(ordinal, { signal })))
    for (const snapshot of some) {
      if (snapshot === null && hasBegun) return
      if (snapshot === null) continue
      hasBegun = true
      yield snapshot
    }
    if (!hasBegun) return
  }
}

/** @example ordinalsFrom(5, 3) // [5, 4, 3] */
export const ordinalsFrom = (from: number, downTo: number): number[] =>
  Array.from({ length: Math.max(0, from - downTo + 1) }, (_, index) => from - index)
