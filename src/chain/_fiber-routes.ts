import type { JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Read } from './_read.ts'
import { jsonOf } from './_read.ts'
import type { ReadOptions } from './chain.ts'
import { LedgerUnreachableError } from './errors.ts'

export type FiberKind = 'machine' | 'script'

/** The record of one fiber as the wire has it; undefined where the ledger has none. */
export type ReadFiber = (kind: FiberKind, fiberId: string, options: ReadOptions) => Promise<JsonValue | undefined>

/** One way to a record. A 404 says that this ledger does not serve the route at all. */
type Route = {
  readonly path: (kind: FiberKind, fiberId: string) => string
  readonly find: (json: JsonValue, kind: FiberKind, fiberId: string) => JsonValue | undefined
}

/**
 * Reads fibers by the first route that this ledger serves: the record's own, else the checkpoint that holds the whole
 * state, else its alias. What worked last is tried first.
 * @see Constellation metagraph L0, custom routes: an unknown fiber is 200 `null`, an unknown route 404
 */
export function createFiberRoutes(dialect: Dialect, read: Read): ReadFiber {
  const routes = routesOf(dialect)
  let preferred = routes
  return async (kind, fiberId, options) => {
    for (const route of preferred) {
      const answer = await read('l0', route.path(kind, fiberId), options)
      if (answer.status === 404) continue
      const record = route.find(jsonOf('l0', answer), kind, fiberId) ?? undefined
      preferred = [route, ...routes.filter((other) => other !== route)]
      return record
    }
    throw new LedgerUnreachableError('l0', { reason: 'bad_status', status: 404 })
  }
}

/** The path of one machine's or script's own route. */
export const fiberPath = ({ prefix, paths }: Dialect, kind: FiberKind, fiberId: string): string =>
  `${prefix}/${kind === 'machine' ? paths.machines : paths.scripts}/${encodeURIComponent(fiberId)}`

function routesOf(dialect: Dialect): readonly Route[] {
  const inState: Route['find'] = (json, kind, fiberId) => {
    const state = isJsonObject(json) ? member(json, 'state') : undefined
    if (state === undefined) throw new LedgerUnreachableError('l0', { reason: 'bad_shape' })
    return dialect.findFiber(state, kind, fiberId)
  }
  return [
    { path: (kind, fiberId) => fiberPath(dialect, kind, fiberId), find: (json) => json },
    { path: () => `${dialect.prefix}/checkpoint`, find: inState },
    { path: () => `${dialect.prefix}/calculated-state`, find: inState },
  ]
}
