import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { Database } from '../db/database.ts'
import type { FoundFile } from './_kill-file.ts'
import { findKillFile, toReason } from './_kill-file.ts'
import type { FoundRow } from './_kill-row.ts'
import { findKillRow, writeKillRow } from './_kill-row.ts'
import type { KillSource, KillState, KillSwitch } from './kill-switch.ts'

export type KillSwitchDeps = {
  readonly isOnByEnvironment: boolean
  /** The switch is on while anything stands at this path. */
  readonly file: string
  readonly database: Pick<Database, 'engine' | 'query' | 'write'>
  readonly clock: Clock
  /** How often the file is looked for; 500 ms unless told. In PostgreSQL the row is read every second. */
  readonly pollMs?: number
  readonly publish?: (type: 'kill.changed', data: JsonObject) => void
  readonly log?: Log
}

const rowPollMs = 1_000
/** How long a look may take. */
const lookMs = 5_000
const logEveryMs = 60_000

/** What is known of each source; undefined: it is off. */
type Found = { readonly sinceMs: number; readonly reason: string | null }
type Sources = {
  readonly environment: Found | undefined
  readonly file: Found | undefined
  readonly route: Found | undefined
}

/**
 * On while the environment, the file or the stored row says so. What cannot be asked stays as it was last known; a file
 * that cannot be asked at the start counts as there.
 * @throws StorageUnavailableError when the row cannot be read at the start
 */
export async function createKillSwitch(deps: KillSwitchDeps): Promise<KillSwitch> {
  const { file, database, clock, pollMs = 500, publish = () => {}, log = silentLog } = deps
  const stopped = new AbortController()
  const listeners = new Set<(state: KillState) => void>()
  const unasked = createComplaint(clock, log)
  const nowFound = (): Found => ({ sinceMs: clock.nowMs(), reason: null })
  let sources: Sources = {
    environment: deps.isOnByEnvironment ? nowFound() : undefined,
    file: await within(clock, findKillFile(file)).catch((error: unknown): FoundFile => {
      unasked(error, { file })
      return nowFound()
    }),
    route: await findKillRow(database),
  }
  let state = toState(sources)
  let isOn = state.isOn
  /** Which order is the newest: an earlier one that is stored late changes nothing here. */
  let newest = 0
  /** Grows before and after an order is stored: a row that was read meanwhile may be an old one. */
  let epoch = 0
  /** It was turned on and could not be stored: then the row says nothing until the next order. */
  let isUnstored = false

  const take = (change: Partial<Sources>, by: JsonObject = {}): void => {
    const before = state
    sources = { ...sources, ...change }
    state = toState(sources)
    isOn = state.isOn
    if (before.sources.join() === state.sources.join() && before.reason === state.reason) return
    tell(log, state, by)
    publish('kill.changed', { isOn, sources: state.sources, ...by })
    for (const listener of listeners) call(listener, state, log)
  }
  const lookAtFile = (): Promise<void> =>
    within(clock, findKillFile(file)).then(
      (found) => take({ file: found }),
      (error: unknown) => unasked(error, { file }),
    )
  const lookAtRow = async (): Promise<void> => {
    const seen = epoch
    try {
      const found: FoundRow | undefined = await within(clock, findKillRow(database))
      if (seen === epoch && !isUnstored) take({ route: found })
    } catch (error) {
      unasked(error, { table: 'switches' })
    }
  }
  const set: KillSwitch['set'] = async (wanted, { principal, reason }) => {
    epoch += 1
    newest += 1
    const mine = newest
    const found: Found = { sinceMs: sources.route?.sinceMs ?? clock.nowMs(), reason: toReason(reason) }
    // On at once, and in this process even where it cannot be stored; off only when that is stored.
    if (wanted) take({ route: found }, { principal })
    try {
      await writeKillRow(database, { isOn: wanted, principal, reason: found.reason ?? '', atMs: found.sinceMs })
      isUnstored = false
      if (mine === newest) take({ route: wanted ? found : undefined }, { principal })
    } catch (error) {
      isUnstored ||= wanted
      throw error
    } finally {
      epoch += 1
    }
    await lookAtFile()
    return state
  }
  if (isOn) tell(log, state, {})
  const looks = [every(clock, pollMs, stopped.signal, lookAtFile)]
  if (database.engine === 'postgres') looks.push(every(clock, rowPollMs, stopped.signal, lookAtRow))
  return {
    isOn: () => isOn,
    state: () => state,
    set,
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    async close() {
      stopped.abort(closed)
      await Promise.all(looks)
    },
  }
}

const closed = new Error('The kill switch is closed.')

/** One that throws keeps nobody else from being told. */
function call(listener: (state: KillState) => void, state: KillState, log: Log): void {
  try {
    listener(state)
  } catch (error) {
    log.error({ err: error }, 'a listener of the kill switch failed')
  }
}

/** On since the first of its sources; the reason is that of an administrator, else the words in the file. */
function toState({ environment, file, route }: Sources): KillState {
  const found: Readonly<Record<KillSource, Found | undefined>> = { environment, file, route }
  const names: readonly KillSource[] = ['environment', 'file', 'route']
  const sources = names.filter((name) => found[name] !== undefined)
  const sinceMs = Math.min(...sources.map((name) => found[name]?.sinceMs ?? Number.POSITIVE_INFINITY))
  return {
    isOn: sources.length > 0,
    sources,
    reason: route?.reason ?? file?.reason ?? null,
    since: sources.length > 0 ? new Date(sinceMs).toISOString() : null,
  }
}

function tell(log: Log, { isOn, sources, reason, since }: KillState, by: JsonObject): void {
  if (isOn) log.warn({ sources, reason, since, ...by }, 'KILL SWITCH ON: nothing is spent or signed; reads go on')
  else log.warn(by, 'KILL SWITCH OFF: everything goes on')
}

/** Says what cannot be asked: at once, then once a minute at most. */
function createComplaint({ monotonicMs }: Pick<Clock, 'monotonicMs'>, log: Log) {
  let quietUntilMs = Number.NEGATIVE_INFINITY
  return (error: unknown, what: object): void => {
    if (monotonicMs() < quietUntilMs) return
    quietUntilMs = monotonicMs() + logEveryMs
    log.warn({ ...what, err: error }, 'nobody can say whether the kill switch is on there; it stays as it was')
  }
}

/** @throws what the work throws, or a TimeoutError once it takes too long */
async function within<T>(clock: Clock, work: Promise<T>): Promise<T> {
  const deadline = openDeadline(clock, clock.monotonicMs() + lookMs)
  return orAborted(work, deadline.signal).finally(deadline.close)
}

/** Looks again and again until the signal fires. */
async function every(clock: Clock, ms: number, signal: AbortSignal, look: () => Promise<void>): Promise<void> {
  while (!signal.aborted) {
    await clock.sleep(ms, signal).catch(() => {})
    if (!signal.aborted) await look()
  }
}
