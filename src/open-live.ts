import type { Logger } from 'pino'
import type { Devnet } from './devnet/devnet.ts'
import type { IntentLog } from './intent/intent.ts'
import type { Feed } from './live/feed.ts'
import { createFeed } from './live/feed.ts'
import type { Metrics } from './metrics/metrics.ts'
import { randomId, systemClock } from './system.ts'
import type { Caller } from './tictactoe/caller.ts'
import type { Games } from './tictactoe/tictactoe.ts'

type Deps = {
  /** The ledger of this process, undefined where it is elsewhere. */
  readonly devnet: Devnet | undefined
  readonly metrics: Metrics
  readonly log: Logger
  /** Asked for once somebody watches. */
  readonly games: () => Pick<Games, 'state' | 'list'>
}

/** What happens in games, and the parts as it watches them. */
export type OpenLive = Feed & {
  /** The same records, their intents told. */
  watchRecords<Records extends { readonly intents: IntentLog }>(records: Records): Records
}

export function openLive({ devnet, metrics, log, games }: Deps): OpenLive {
  const feed = createFeed({
    read: (id, signal) => games().state(id, watcher(signal)),
    list: (query, signal) => games().list(query, signal),
    onSnapshot: devnet?.onSnapshot,
    clock: systemClock,
    boot: randomId().slice(0, 8),
    log: log.child({ part: 'live' }),
  })
  metrics.gauge('otto_watchers', 'Streams of live events that are open.', async () => feed.watchers())
  return { ...feed, watchRecords: (records) => ({ ...records, intents: feed.watchIntents(records.intents) }) }
}

/** Nobody in particular, who only reads. */
const watcher = (signal: AbortSignal): Caller => ({
  principal: 'live',
  traceId: randomId(),
  requestKey: undefined,
  isContinued: false,
  gone: signal,
  deadline: signal,
  deadlineMs: Number.POSITIVE_INFINITY,
  onSubmitting: () => {},
  onAbandoned: () => {},
  onAccepted: () => {},
})
