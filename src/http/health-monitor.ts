import type { Clock } from '../core/clock.ts'
import { orAborted } from '../core/deadline.ts'

/** `degraded` still plays; `unhealthy` does not. */
export type HealthWord = 'healthy' | 'degraded' | 'unhealthy'

/** One part of the service as it was when it was asked last. */
export type ComponentHealth = {
  readonly status: HealthWord
  /** When it was first found in this status, RFC 3339. */
  readonly since: string
  /** When it last answered well, RFC 3339; null when it never did. */
  readonly lastOkAt: string | null
  /** How long its answer took, or how long it was waited for; milliseconds. */
  readonly latencyMs: number
}

/** The state of the service as its parts report it. */
export type HealthReport = {
  /** The worst of its parts. */
  readonly status: HealthWord
  /** Would a new write be accepted now? */
  readonly isReady: boolean
  /** By part: wallets, l1, l0 … */
  readonly components: Readonly<Record<string, ComponentHealth>>
  /** Writes whose fate is not known yet; undefined where that cannot be told. */
  readonly openIntents?: number | undefined
  /** How old the oldest of them is, milliseconds; null without any. */
  readonly oldestOpenMs?: number | null | undefined
}

/** Asks a part; any rejection says that it is not well. It should give up by the signal, and is left alone by it. */
export type Ask = (signal: AbortSignal) => Promise<unknown>

/** How many writes are open, and since when the oldest is, epoch milliseconds. */
export type OpenIntents = { readonly open: number; readonly oldestMs: number | undefined }

export type HealthMonitorOptions = {
  readonly asks: Readonly<Record<string, Ask>>
  /** Parts without which the service still plays: one that does not answer makes it `degraded`, and never unready. */
  readonly optional?: Readonly<Record<string, Ask>>
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  /** How long a part may take; 1 s unless told. */
  readonly timeoutMs?: number
  /** How old the last good answer of a part may be for the service to be ready; 15 s unless told. */
  readonly readyWithinMs?: number
  /** Parts of `asks` that have to be well right now for the service to be ready. */
  readonly strict?: readonly string[]
  /** One that is open for longer than a minute makes the service `degraded`. */
  readonly intents?: () => Promise<OpenIntents>
  /** Has recovery read what was left open? Not ready before. */
  readonly recovered?: () => boolean
  /** By part: is it left alone now, since it failed too often? Then it is not well; and with `l1` nothing can be written. */
  readonly breakers?: Readonly<Record<string, () => boolean>>
}

type Known = ComponentHealth & { readonly okMs: number }
type Monitor = Omit<Required<HealthMonitorOptions>, 'intents'> &
  Pick<HealthMonitorOptions, 'intents'> & { readonly known: Map<string, Known> }

const longOpenMs = 60_000

/**
 * Asks all parts at once and remembers how each one was. Callers who come while it asks share the answer, so that nobody
 * can make the service ask its nodes more than once at a time. One lost answer is told in `status`, but takes readiness
 * away only when no good one is recent: a balancer would else drop the service at every hiccup.
 */
export function createHealthMonitor({
  timeoutMs = 1_000,
  readyWithinMs = 15_000,
  optional = {},
  strict = [],
  recovered = () => true,
  breakers = {},
  ...rest
}: HealthMonitorOptions): () => Promise<HealthReport> {
  const set = { optional, timeoutMs, readyWithinMs, strict, recovered, breakers }
  const monitor: Monitor = { ...rest, ...set, known: new Map() }
  let running: Promise<HealthReport> | undefined
  return () => {
    running ??= report(monitor).finally(() => {
      running = undefined
    })
    return running
  }
}

async function report(monitor: Monitor): Promise<HealthReport> {
  const { asks, optional, recovered, breakers } = monitor
  const [entries, open] = await Promise.all([
    Promise.all(
      Object.entries({ ...asks, ...optional }).map(
        async ([name, ask]) => [name, await examine(monitor, name, ask)] as const,
      ),
    ),
    countOpen(monitor),
  ])
  const words = [...entries.map(([, { status }]) => status), ...wordOf(open)]
  return {
    status: words.find((word) => word === 'unhealthy') ?? words.find((word) => word === 'degraded') ?? 'healthy',
    isReady: recovered() && !breakers['l1']?.() && entries.every(([name, part]) => isReadyWith(monitor, name, part)),
    components: Object.fromEntries(entries.map(([name, { okMs: _, ...component }]) => [name, component])),
    ...open,
  }
}

function isReadyWith({ optional, strict, clock, readyWithinMs }: Monitor, name: string, part: Known): boolean {
  if (Object.hasOwn(optional, name)) return true
  if (strict.includes(name)) return part.status === 'healthy'
  return clock.monotonicMs() - part.okMs <= readyWithinMs
}

type Counted = Pick<HealthReport, 'openIntents' | 'oldestOpenMs'>

/** Nothing where it cannot be told: the part that keeps the count is asked by itself. */
async function countOpen({ intents, clock, timeoutMs }: Monitor): Promise<Counted> {
  if (intents === undefined) return {}
  const counted = await orAborted(intents(), AbortSignal.timeout(timeoutMs)).catch(() => undefined)
  if (counted === undefined) return {}
  const { open, oldestMs } = counted
  return { openIntents: open, oldestOpenMs: oldestMs === undefined ? null : Math.max(0, clock.nowMs() - oldestMs) }
}

const wordOf = ({ oldestOpenMs }: Counted): readonly HealthWord[] =>
  (oldestOpenMs ?? 0) > longOpenMs ? ['degraded'] : []

/** Nobody's probe may fail because a part that is not needed takes its time. */
const optionalTimeoutMs = 300

async function examine(monitor: Monitor, name: string, ask: Ask): Promise<Known> {
  const { clock, timeoutMs, optional, known, breakers } = monitor
  const startMs = clock.monotonicMs()
  const isOptional = Object.hasOwn(optional, name)
  const signal = AbortSignal.timeout(isOptional ? Math.min(timeoutMs, optionalTimeoutMs) : timeoutMs)
  const isWell = await orAborted(ask(signal), signal).then(
    () => breakers[name]?.() !== true,
    () => false,
  )
  const status = isWell ? 'healthy' : isOptional ? 'degraded' : 'unhealthy'
  const endMs = clock.monotonicMs()
  const now = new Date(clock.nowMs()).toISOString()
  const before = known.get(name)
  const after: Known = {
    status,
    since: before?.status === status ? before.since : now,
    lastOkAt: isWell ? now : (before?.lastOkAt ?? null),
    latencyMs: Math.round((endMs - startMs) * 10) / 10,
    okMs: isWell ? endMs : (before?.okMs ?? Number.NEGATIVE_INFINITY),
  }
  known.set(name, after)
  return after
}

/**
 * The same question, not asked again for a while after a good answer: for one that costs something, such as a write,
 * since health is asked by anybody, and often.
 */
export function remembered(ask: Ask, { clock, forMs }: { clock: Pick<Clock, 'monotonicMs'>; forMs: number }): Ask {
  let okMs = Number.NEGATIVE_INFINITY
  return async (signal) => {
    if (clock.monotonicMs() - okMs < forMs) return
    await ask(signal)
    okMs = clock.monotonicMs()
  }
}
