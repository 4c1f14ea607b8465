import type { JsonArray, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { isUuid } from '../core/uuid.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Fiber } from '../fiber/records.ts'
import type { Published } from './published.ts'
import type { Answer, Route, RouteRequest } from './router.ts'
import { json, notFound } from './router.ts'
import { onChainRoute, utilHashRoute, versionRoutes } from './routes-common.ts'
import type { LedgerView } from './view.ts'

export type L0Deps = {
  readonly dialect: Dialect
  readonly published: Published
  /** Serve what a real node does not: the state under its other name, and every machine's events. */
  readonly extensions: boolean
}

/** The metagraph L0: it shows state. @see Constellation metagraph L0 routes, Workchain `ML0CustomRoutes` */
export function l0Routes({ dialect, published, extensions }: L0Deps): readonly Route[] {
  const { prefix, paths } = dialect
  const view = published.l0
  const get = (path: string, handle: Route['handle']): Route => ({ method: 'GET', path, handle })
  const checkpoint = () => json({ ordinal: view.ordinal, state: dialect.encodeCalculatedState(view) })
  const machines = fiberRoutes({ dialect, view, kind: 'machine', path: `${prefix}/${paths.machines}` })
  const scripts = fiberRoutes({ dialect, view, kind: 'script', path: `${prefix}/${paths.scripts}` })
  return [
    get(`${prefix}/checkpoint`, checkpoint),
    ...(extensions ? [get(`${prefix}/calculated-state`, checkpoint)] : []),
    ...machines,
    ...scripts,
    get(`${prefix}/${paths.machines}/:id/events`, (request) =>
      ofFiber(request, view, 'machine', ({ fiberId }) => eventsOf(fiberId, { dialect, view, extensions })),
    ),
    get(`${prefix}/${paths.scripts}/:id/invocations`, (request) =>
      ofFiber(request, view, 'script', ({ fiberId }) => invocationsOf(fiberId, { dialect, view })),
    ),
    ...versionRoutes(dialect, 'metagraph-l0'),
    onChainRoute(dialect, view),
    utilHashRoute(dialect),
    get('/transactions/:hash/errors', ({ params }) => json(published.refusalOf(params.get('hash') ?? ''))),
  ]
}

type Kind = { dialect: Dialect; view: LedgerView; kind: Fiber['kind']; path: string }

/** All fibers of a kind, and one. */
function fiberRoutes({ dialect, view, kind, path }: Kind): readonly Route[] {
  const show = (fiber: Fiber) => dialect.encodeFiber(fiber, view.invocations.get(fiber.fiberId))
  return [
    {
      method: 'GET',
      path,
      handle({ query }) {
        const status = query.get('status')
        if (status !== null && !statusWords[dialect.name].includes(status)) return notFound
        const ofKind = [...view.fibers.values()].filter((fiber) => fiber.kind === kind)
        const found = ofKind.filter((fiber) => status === null || fiber.status.toUpperCase() === status.toUpperCase())
        return json(Object.fromEntries(found.map((fiber) => [fiber.fiberId, show(fiber)])))
      },
    },
    { method: 'GET', path: `${path}/:id`, handle: (request) => ofFiber(request, view, kind, show) },
  ]
}

const statusWords: { readonly [name in Dialect['name']]: readonly string[] } = {
  workchain: ['Active', 'Archived', 'Failed'],
  ottochain: ['ACTIVE', 'ARCHIVED', 'FAILED'],
}

/** About the fiber that the path names: null where there is none, `Not found` where it names no UUID. */
function ofFiber(
  { params }: RouteRequest,
  view: LedgerView,
  kind: Fiber['kind'],
  show: (fiber: Fiber) => JsonValue,
): Answer {
  const id = params.get('id') ?? ''
  if (!isUuid(id)) return notFound
  const fiber = view.fibers.get(id.toLowerCase())
  return json(fiber?.kind === kind ? show(fiber) : null)
}

/**
 * The events that a machine saw. Without extensions as a real node has it: a Workchain node never writes them, an
 * OttoChain node knows the newest snapshot's receipts.
 */
function eventsOf(fiberId: string, { dialect, view, extensions }: Omit<L0Deps, 'published'> & { view: LedgerView }) {
  if (extensions) return (view.events.get(fiberId) ?? []).map((event) => ({ ...event }))
  return dialect.name === 'workchain' ? [] : newestLog(fiberId, 'EventReceipt', { dialect, view })
}

/** The runs of a script, newest first: a Workchain node keeps 100, an OttoChain node the newest snapshot's. */
function invocationsOf(fiberId: string, { dialect, view }: { dialect: Dialect; view: LedgerView }): JsonArray {
  if (dialect.name === 'ottochain') return newestLog(fiberId, 'OracleInvocation', { dialect, view })
  return (view.invocations.get(fiberId) ?? []).map(({ fiberId: _, ...invocation }) => invocation)
}

/** What the newest snapshot says about a fiber, in the words that the dialect has for it on chain. */
function newestLog(
  fiberId: string,
  word: 'EventReceipt' | 'OracleInvocation',
  { dialect, view }: { dialect: Dialect; view: LedgerView },
): JsonArray {
  const onChain = dialect.encodeOnChain({ ordinal: view.ordinal, fibers: new Map() }, view.log)
  const logs = member(onChain, 'latestLogs')
  const entries = isJsonObject(logs) ? member(logs, fiberId) : undefined
  if (!isJsonArray(entries)) return []
  return entries.flatMap((entry) => (isJsonObject(entry) ? (member(entry, word) ?? []) : []))
}
