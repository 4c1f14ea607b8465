import type { Clock } from '../core/clock.ts'
import type { Pass } from '../core/crash-point.ts'
import type { Log } from '../core/log.ts'
import type { IntentLog, LoggedIntent } from './intent.ts'

/** Works on intents whose fate is open until it is known, with or without a caller. */
export type Resolver = {
  /** Reads the log for the first time and begins. @throws StorageUnavailableError */
  start(): Promise<void>
  /** Has it read the log? Before that nobody knows what is open. */
  isRecovered(): boolean
  /** Waits for the steps that are under way. */
  stop(): Promise<void>
}

export type ResolverDeps = {
  readonly intents: Pick<IntentLog, 'adoptOpen' | 'prune'>
  /** Takes an open intent one step further. @returns whether it is settled now */
  readonly settle: (intent: LoggedIntent) => Promise<boolean>
  /** Told which intents are open: what is held for others can be let go, since another bridge has settled them. */
  readonly forget: (openIds: ReadonlySet<string>) => void
  readonly clock: Clock
  readonly log: Log
  readonly pass: Pass
}

/** How often the log is asked for open intents; less often while many of them stay open. */
const ROUND_MS = 1_000
const MAX_ROUND_MS = 30_000
const MAX_AT_ONCE = 8
/** How many open intents one round takes up, the oldest first. */
const MAX_A_ROUND = 1_000
const PRUNE_MS = 10 * 60_000

export function createResolver({ intents, settle, forget, clock, log, pass }: ResolverDeps): Resolver {
  const stopped = new AbortController()
  let isRecovered = false
  let running: Promise<void> = Promise.resolve()

  const step = async (intent: LoggedIntent): Promise<boolean> => {
    try {
      pass('recovery-resolve')
      return await settle(intent)
    } catch (error) {
      log.info({ err: error, intentId: intent.id, gameId: intent.gameId }, 'the fate of an intent stays open')
      return false
    }
  }

  /** @returns how many stay open */
  const takeRound = async (open: readonly LoggedIntent[]): Promise<number> => {
    let next = 0
    let left = 0
    const work = async (): Promise<void> => {
      for (let intent = open[next++]; intent !== undefined && !stopped.signal.aborted; intent = open[next++])
        if (!(await step(intent))) left += 1
    }
    await Promise.all(Array.from({ length: MAX_AT_ONCE }, work))
    return left
  }

  const run = async (first: readonly LoggedIntent[]): Promise<void> => {
    let open = first
    let prunedMs = clock.monotonicMs()
    for (let waitMs = ROUND_MS; !stopped.signal.aborted; ) {
      const left = await takeRound(open)
      // Those that stay open for long are looked at less often: nobody waits for them.
      waitMs = left === 0 || left < open.length ? ROUND_MS : Math.min(MAX_ROUND_MS, waitMs * 1.2)
      await clock.sleep(waitMs, stopped.signal).catch(() => undefined) // rejects at the stop, which is asked next
      if (stopped.signal.aborted) return
      const read = await intents.adoptOpen(MAX_A_ROUND).catch(() => undefined)
      if (read !== undefined && read.length < MAX_A_ROUND) forget(new Set(read.map(({ id }) => id)))
      open = read ?? []
      if (clock.monotonicMs() - prunedMs < PRUNE_MS) continue
      prunedMs = clock.monotonicMs()
      await intents.prune().catch((error: unknown) => log.warn({ err: error }, 'old intents are not deleted yet'))
    }
  }

  return {
    async start() {
      const open = await intents.adoptOpen(MAX_A_ROUND)
      pass('recovery-read')
      isRecovered = true
      if (open.length > 0) log.info({ openIntents: open.length }, 'recovery: intents whose fate is open')
      running = run(open)
    },
    isRecovered: () => isRecovered,
    async stop() {
      stopped.abort(new Error('The resolver stops.'))
      await running
    },
  }
}
