import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { openDeadline } from '../core/deadline.ts'
import type { LoggedIntent } from '../intent/intent.ts'
import type { Desk } from './_desk.ts'
import type { Caller } from './caller.ts'
import { isCreation } from './create-game.ts'

/** How long one step may take that nobody waits for: a caller who comes may have to wait for its end. */
const STEP_MS = 3_000
/** After so long the bytes are not sent again; the ledger is only looked at. */
const SEND_FOR_MS = 15 * 60_000
/** Sends after which it is one every 30 s. */
const QUICK_SENDS = 5
const SLOW_MS = 30_000
/** The least time since the last send: longer after an answer that said that the message is held. */
const AFTER_MS = { submitting: 3_000, accepted: 10_000 } as const

const never = new AbortController().signal

/** Takes open intents one step further, on nobody's behalf. */
export type Settle = (intent: LoggedIntent) => Promise<boolean>

/** Since when this process has known of an intent, and of its newest send, on its own monotonic clock. */
type Known = { readonly sinceMs: number; readonly sends: number; readonly sentMs: number }

/**
 * Looks whether the fate of an open intent shows on the ledger, and sends its bytes once more where they are due.
 * @returns, from what it returns, whether the intent is settled; false also while somebody is at work on its game
 * @throws StorageUnavailableError, LedgerUnreachableError and what is not known yet, from what it returns
 */
export function createSettle(desk: Desk, clock: Clock): Settle {
  const known = createBoundedMap<string, Known>(10_000)

  /** A wall clock may jump, so what it says counts only where it brings a look or a send of the same bytes forward. */
  const isDue = ({ id, state, sends, lastSentMs }: LoggedIntent): boolean => {
    const nowMs = clock.monotonicMs()
    const before = known.get(id)
    const now: Known = {
      sinceMs: before?.sinceMs ?? nowMs,
      sends,
      sentMs: before?.sends === sends ? before.sentMs : nowMs,
    }
    known.set(id, now)
    if (nowMs - now.sinceMs > SEND_FOR_MS) return false
    const afterMs = sends >= QUICK_SENDS ? SLOW_MS : AFTER_MS[state === 'accepted' ? 'accepted' : 'submitting']
    return nowMs - now.sentMs >= afterMs || clock.nowMs() - lastSentMs >= afterMs
  }

  const takeStep = async (intent: LoggedIntent, caller: Caller): Promise<boolean> => {
    const hand = isCreation(intent) ? desk.maker : desk.sender
    if ((await hand.lookAt(intent, caller)) !== 'open') return true
    if (!isDue(intent)) return false
    await hand.push(intent, caller)
    return true
  }

  return async ({ id, gameId }) => {
    if (desk.queue.isBusy(gameId)) return false
    const deadlineMs = clock.monotonicMs() + STEP_MS
    const deadline = openDeadline(clock, deadlineMs)
    const turn = { gone: never, deadline: deadline.signal, deadlineMs }
    try {
      return await desk.queue.run(gameId, turn, async () => {
        const intent = (await desk.intents.owedIn(gameId)).find((owed) => owed.id === id)
        // It may have been settled while this waited for its turn.
        if (intent === undefined || intent.state === 'confirmed') return true
        return takeStep(intent, { ...turn, ...nobody(intent) })
      })
    } finally {
      deadline.close()
    }
  }
}

/** Somebody who asked and is not there any more. */
const nobody = ({ principal, traceId, requestKey }: LoggedIntent) => ({
  principal,
  traceId,
  requestKey,
  isContinued: false,
  maxSends: 1,
  onSubmitting: () => {},
  onAbandoned: () => {},
  onAccepted: () => {},
})
