import type { Bound, Tally } from './_bounds.ts'
import { nothing } from './_bounds.ts'
import type { ReservationParts } from './_reservation.ts'
import type { Stored } from './_stored-scopes.ts'
import { toTally } from './_stored-scopes.ts'
import type { BudgetScope, BudgetStanding } from './budget.ts'
import { scopeKinds } from './budget.ts'

/** Of the database those that moved last, and of this process the newest. */
const maxListed = 1_000

type Parts = Pick<ReservationParts, 'database' | 'seen'> & { readonly own: ReadonlyMap<string, Stored> }

/**
 * Every scope that counts now; `always` are named even where nothing was spent on them. Limits are told where this
 * process knows them: they stand in paths, not in the database.
 * @throws StorageUnavailableError
 */
export async function listStandings(
  { database, seen, own }: Parts,
  always: readonly Bound[],
): Promise<readonly BudgetStanding[]> {
  const today = always[0]?.period ?? 'ever'
  const rows = await database.query
    .selectFrom('budget_scopes')
    .selectAll()
    .where('period', 'in', [today, 'ever'])
    .orderBy('updated_ms', 'desc')
    .limit(maxListed)
    .execute()
  const stored = rows.flatMap((row): Stored[] => {
    const kind = scopeKinds.find((known) => known === row.kind)
    if (kind === undefined) return [] // of a newer version
    const key = `${kind} ${row.period} ${row.id}`
    const window = row.period === 'ever' ? 'ever' : 'day'
    const bound = always.find((known) => known.key === key) ?? seen.get(key)?.bound
    return [{ bound: bound ?? { kind, id: row.id, window, key, period: row.period }, tally: toTally(row) }]
  })
  const missing = always.filter(({ key }) => stored.every(({ bound }) => bound.key !== key))
  const untouched = missing.map((bound) => ({ bound, tally: { spent: nothing, held: nothing } }))
  return [...untouched, ...stored, ...[...own.values()].slice(-maxListed)].map(toStanding)
}

const toStanding = ({ bound, tally }: { readonly bound: Bound; readonly tally: Tally }): BudgetStanding => {
  const { key: _, period: __, ...scope } = bound
  return { ...(scope satisfies BudgetScope), spent: tally.spent, held: tally.held }
}
