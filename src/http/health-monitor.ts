import type { Clock } from '../core/clock.ts'

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
}

/** Asks a part; any rejection says that it is not well. Gives up by the signal. */
export type Ask = (signal: AbortSignal) => Promise<unknown>

export type HealthMonitorOptions = {
  readonly asks: Readonly<Record<string, Ask>>
  /** Parts without which the service still plays: one that does not answer makes it `degraded`, and never unready. */
  readonly optional?: Readonly<Record<string, Ask>>
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  /** How long a part may take; 1 s unless told. */
  readonly timeoutMs?: number
  /** How old the last good answer of a part may be for the service to be ready; 15 s unless told. */
  readonly readyWithinMs?: number
}

type Known = ComponentHealth & { readonly okMs: number }
type Monitor = Required<HealthMonitorOptions> & { readonly known: Map<string, Known> }

/**
 * Asks all parts at once and remembers how each one was. Callers who come while it asks share the answer, so that nobody
 * can make the service ask its nodes more than once at a time. One lost answer is told in `status`, but takes readiness
 * away only when no good one is recent: a balancer would else drop the service at every hiccup.
 */
export function createHealthMonitor({
  timeoutMs = 1_000,
  readyWithinMs = 15_000,
  optional = {},
  ...rest
}: HealthMonitorOptions): () => Promise<HealthReport> {
  const monitor: Monitor = { ...rest, optional, timeoutMs, readyWithinMs, known: new Map() }
  let running: Promise<HealthReport> | undefined
  return () => {
    running ??= report(monitor).finally(() => {
      running = undefined
    })
    return running
  }
}

async function report(monitor: Monitor): Promise<HealthReport> {
  const { asks, optional, clock, readyWithinMs } = monitor
  const entries = await Promise.all(
    Object.entries({ ...asks, ...optional }).map(
      async ([name, ask]) => [name, await examine(monitor, name, ask)] as const,
    ),
  )
  const nowMs = clock.monotonicMs()
  const words = entries.map(([, { status }]) => status)
  return {
    status: words.find((word) => word === 'unhealthy') ?? words.find((word) => word === 'degraded') ?? 'healthy',
    isReady: entries.every(([name, { okMs }]) => nowMs - okMs <= readyWithinMs || Object.hasOwn(optional, name)),
    components: Object.fromEntries(entries.map(([name, { okMs: _, ...component }]) => [name, component])),
  }
}

/** Nobody's probe may fail because a part that is not needed takes its time. */
const optionalTimeoutMs = 300

async function examine({ clock, timeoutMs, optional, known }: Monitor, name: string, ask: Ask): Promise<Known> {
  const startMs = clock.monotonicMs()
  const isOptional = Object.hasOwn(optional, name)
  const withinMs = isOptional ? Math.min(timeoutMs, optionalTimeoutMs) : timeoutMs
  const status = await ask(AbortSignal.timeout(withinMs)).then(
    () => 'healthy' as const,
    () => (isOptional ? ('degraded' as const) : ('unhealthy' as const)),
  )
  const endMs = clock.monotonicMs()
  const now = new Date(clock.nowMs()).toISOString()
  const before = known.get(name)
  const isWell = status === 'healthy'
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
