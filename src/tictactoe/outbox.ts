import type { Chain, Delivery, EarlierSends, Look, SignedMessage } from '../chain/chain.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Pass } from '../core/crash-point.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { BaseError } from '../core/errors.ts'
import { findCause } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { StorageUncertainError } from '../db/errors.ts'
import type { Message } from '../fiber/messages.ts'
import type { Intent, IntentLog, LoggedIntent, Settlement } from '../intent/intent.ts'
import type { Signer } from '../signing/signed.ts'
import type { Caller } from './caller.ts'
import {
  ConfirmationPendingError,
  DeadlineExceededError,
  GameBusyError,
  LedgerRefusedError,
  NotSubmittedError,
  OutcomeUnknownError,
} from './errors.ts'
import type { SigningDesk } from './signing-desk.ts'

/** Something to be done in a game: messages in order, and who signs them. */
export type Order = {
  readonly gameId: string
  /** The place in the game that it is for. */
  readonly slot: string
  /** What was asked for, in words that are the same when it is asked for again. */
  readonly wish: string
  readonly messages: readonly Message[]
  readonly signers: readonly Signer[]
  /** What is needed to judge its fate from a state of the ledger. */
  readonly facts: JsonObject
}

/** An intent that is stored, and what was sent of it before this call. */
export type Underway = {
  readonly intent: Intent
  readonly earlier: (EarlierSends & { readonly sends: number }) | undefined
}

/** What goes to the ledger leaves through here: written down before it is sent, and followed to its end. */
export type Outbox = {
  /**
   * Signs an order and stores it as an intent. Nothing is sent.
   * @throws DeadlineExceededError where the caller has gone; GameBusyError where another event holds the place;
   * StorageUnavailableError; a refusal of the signing desk
   */
  prepare(order: Order, caller: Caller): Promise<Underway>
  /**
   * An intent of the log, to go on with.
   * @param isDue whether enough time is known to have passed since it was sent last; else the wall clock is asked
   */
  resume(intent: LoggedIntent, isDue?: boolean): Underway
  /** Sends one message of an intent and waits for its fate. */
  deliver<T>(underway: Underway, step: number, look: () => Promise<Look<T>>, caller: Caller): Promise<Delivery<T>>
  /** Waits for the fate of one message of an intent that is held already; nothing is sent. */
  waitFor<T>(intent: Intent, step: number, look: () => Promise<Look<T>>, caller: Caller): Promise<Delivery<T>>
  /**
   * Stores the end of an intent. Never throws.
   * @returns whether it is stored. If it is not, the intent stays open: what is on the ledger is found there again, and
   * what is not may be sent still
   */
  settle(intent: Pick<Intent, 'id' | 'slot'>, settlement: Settlement, caller: Caller): Promise<boolean>
  /** Settles what a delivery without a fate proves, if anything, and gives the error that tells it. */
  failed(intent: Intent, step: number, delivery: Unsettled, caller: Caller): Promise<BaseError>
  /** Notes that a fiber was seen for the first time: a lagging Data L1 may not know it for a while. */
  made(fiberId: string): void
  /** Lets go of the places of intents that were settled by another bridge: they are not among those open. */
  forget(openIds: ReadonlySet<string>): void
}

type Unsettled = Exclude<Delivery<unknown>, { outcome: 'settled' }>

export type OutboxDeps = {
  readonly chain: Chain
  readonly intents: IntentLog
  readonly signing: SigningDesk
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
  readonly pass: Pass
}

export function createOutbox({ chain, intents, signing, clock, newId, log, pass }: OutboxDeps): Outbox {
  const madeMs = createBoundedMap<string, number>(10_000) // by fiberId: when it was made, or met first

  const held = new Map<string, { readonly slot: string; readonly sinceMs: number }>() // by intent, until it is settled

  const release = (id: string, slot: string): void => {
    held.delete(id)
    signing.settled(slot)
  }

  const sign = async (messages: readonly Message[], signers: readonly Signer[], slot: string) => {
    const signed: SignedMessage[] = []
    try {
      for (const message of messages) signed.push(await signing.sign(message, signers, slot))
    } catch (error) {
      if (signed.length > 0) signing.settled(slot) // nothing of it is stored, so nothing of it is ever sent
      throw error
    }
    return signed
  }

  const store = async (intent: Intent, caller: Caller): Promise<void> => {
    caller.onSubmitting()
    const stored = intents.prepare(intent)
    held.set(intent.id, { slot: intent.slot, sinceMs: clock.monotonicMs() })
    try {
      if (await orAborted(stored, caller.deadline)) return
    } catch (error) {
      // Stored perhaps, and then it will be sent: its place stays taken.
      if (findCause(error, StorageUncertainError)) throw new OutcomeUnknownError({ gameId: intent.gameId }, error)
      // A write that comes too late to be of use is closed as soon as it is done.
      if (caller.deadline.aborted) stored.then(() => settle(intent, { state: 'abandoned' }, caller)).catch(() => {})
      else caller.onAbandoned()
      release(intent.id, intent.slot)
      throw caller.deadline.aborted ? new DeadlineExceededError(error) : error
    }
    caller.onAbandoned()
    release(intent.id, intent.slot)
    throw new GameBusyError(intent.gameId, takenElsewhere)
  }

  const settle: Outbox['settle'] = async ({ id, slot }, settlement, caller) => {
    const inTime = openDeadline(clock, caller.deadlineMs + STORE_MS)
    if (settlement.state !== 'abandoned') pass('receipt')
    const stored = intents.settle(id, settlement)
    try {
      await orAborted(stored, inTime.signal)
    } catch (error) {
      stored.then(
        () => release(id, slot), // too late for this caller
        () => {},
      )
      log.warn({ err: error, intentId: id, state: settlement.state }, 'the end of an intent is not stored yet')
      return false
    }
    release(id, slot)
    if (settlement.state === 'abandoned') caller.onAbandoned()
    else pass('before-reply')
    return true
  }

  const deliver: Outbox['deliver'] = ({ intent, earlier }, step, look, caller) => {
    const message = intent.messages[step]
    if (message === undefined) throw new TypeError('An intent has no such message.')
    const { deadlineMs, maxSends, onAccepted } = caller
    const { fiberId } = message.message
    // Whoever comes to a fiber for the first time takes it for new: a lagging Data L1 may not know it yet.
    const createdMs = madeMs.get(fiberId) ?? clock.monotonicMs()
    madeMs.set(fiberId, createdMs)
    if (earlier !== undefined) caller.onSubmitting()
    const isFirst = step === 0 && earlier === undefined // stored by `prepare`
    return chain.deliver(message, {
      look,
      deadlineMs,
      // Each message was sent at least once before the next one was.
      earlier: earlier !== undefined && step < earlier.sends ? earlier : undefined,
      createdMs,
      ...(maxSends === undefined ? {} : { maxSends }),
      async beforeSend(send) {
        if (send > 1 || !isFirst) await intents.sending(intent.id)
        pass('before-submit')
      },
      afterSend(isQueued) {
        pass('after-submit')
        if (!isQueued) return
        intents.accepted(intent.id)
        if (step === intent.messages.length - 1) onAccepted()
      },
    })
  }

  return {
    async prepare({ gameId, slot, wish, messages, signers, facts }, caller) {
      const { principal, requestKey, traceId } = caller
      assertWanted(caller)
      const signed = await sign(messages, signers, slot)
      const intent: Intent = {
        id: newId(),
        gameId,
        slot,
        principal,
        requestKey,
        wish,
        traceId,
        messages: signed,
        facts,
      }
      pass('before-intent')
      await store(intent, caller)
      pass('after-intent')
      if (!isWanted(caller)) {
        await settle(intent, { state: 'abandoned' }, caller)
        assertWanted(caller)
      }
      return { intent, earlier: undefined }
    },
    resume: (intent, isDue = false) => ({
      intent,
      earlier: {
        agoMs: isDue ? Number.POSITIVE_INFINITY : clock.nowMs() - intent.lastSentMs,
        isQueued: intent.state === 'accepted',
        sends: intent.sends,
      },
    }),
    deliver,
    waitFor: (intent, step, look, caller) =>
      deliver({ intent, earlier: { agoMs: 0, isQueued: true, sends: step + 1 } }, step, look, {
        ...caller,
        maxSends: 0,
      }),
    settle,
    async failed(intent, step, delivery, caller) {
      const details = { gameId: intent.gameId, wish: intent.wish }
      const unknown = new OutcomeUnknownError(details)
      // What came before this message stands on the ledger: the rest follows, by the same call or by the resolver.
      if (delivery.outcome === 'not_sent' && step > 0) return unknown
      const error = errorOf(delivery, details)
      if (delivery.outcome === 'pending' || delivery.outcome === 'unknown') return error
      // Only an end that is stored keeps the resolver from sending it.
      const end: Settlement =
        delivery.outcome === 'refused' ? { state: 'rejected', reason: reasonOf(error) } : { state: 'abandoned' }
      return (await settle(intent, end, caller)) ? error : unknown
    },
    made(fiberId) {
      madeMs.set(fiberId, clock.monotonicMs())
    },
    forget(openIds) {
      // One that was stored a moment ago may be younger than the list.
      for (const [id, { slot, sinceMs }] of held)
        if (!openIds.has(id) && clock.monotonicMs() - sinceMs > HELD_FOR_MS) release(id, slot)
    },
  }
}

/** Of the time that is kept for answering, what an end may take to be stored. */
const STORE_MS = 200

/** How old a place must be before it is let go: older than any call is. */
const HELD_FOR_MS = 10 * 60_000

const takenElsewhere = 'Another event is under way at this place of the game.'

const isWanted = ({ gone, deadline }: Caller): boolean => !(gone.aborted || deadline.aborted)

function assertWanted(caller: Caller): void {
  if (!isWanted(caller)) throw new DeadlineExceededError(caller.gone.reason ?? caller.deadline.reason)
}

/** An error as the log keeps it, to be told again. */
export const reasonOf = ({ code, message, hint, details }: BaseError): JsonObject => ({
  code,
  message,
  hint: hint ?? null,
  details,
})

/** What is known when the ledger did not show the fate in time. */
function errorOf(delivery: Unsettled, details: JsonObject): BaseError {
  switch (delivery.outcome) {
    case 'refused':
      return new LedgerRefusedError(delivery.reason)
    case 'not_sent':
      return new NotSubmittedError(delivery.cause)
    case 'pending':
      return new ConfirmationPendingError(details)
    case 'unknown':
      return new OutcomeUnknownError(details)
  }
}
