import type { Look, SignedMessage } from '../../src/chain/chain.ts'
import type { DeliveryParts } from '../../src/chain/delivery.ts'
import { NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import type { NodeAnswer, NodeRequest } from '../../src/chain/transport.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { createTurns } from '../../src/core/turns.ts'
import type { Signed } from '../../src/signing/signed.ts'
import vectors from '../vectors/http.json' with { type: 'json' }
import type { VirtualClock } from './virtual-clock.ts'

const accepted = vectors.cases.find(({ name }) => name === 'post-data-bare')
if (accepted?.body === undefined || accepted.json === undefined) throw new Error('The vector file has changed.')

/** A signed event that a node is known to take, with its hash. */
export const signedMove: SignedMessage = {
  message: { type: 'ArchiveStateMachine', fiberId: '732c056c-f823-4237-a5b5-7bff441f6d80', targetSequenceNumber: null },
  hash: String((accepted.json as { hash: string }).hash),
  envelope: accepted.body as unknown as Signed<{ readonly [key: string]: JsonValue }>, // value and proofs, as posted
}

/** What the L1 does with one POST. */
export type Behaviour = {
  readonly does: 'answer' | 'not_sent' | 'lose' | 'hang'
  readonly status?: number
  readonly json?: JsonValue
  readonly retryAfterSeconds?: number
  /** The message shows on the L0 so much later; absent: never. */
  readonly appliesAfterMs?: number
}

const answer = (status: number, json: JsonValue | undefined): Behaviour & { does: 'answer' } =>
  json === undefined ? { does: 'answer', status } : { does: 'answer', status, json }

const reason = (text: string): JsonValue => ({
  code: 3,
  message: 'Invalid request body',
  retriable: false,
  details: { reason: text },
})

/** Answers of a node by name. */
export const node = {
  queues: answer(200, { hash: signedMove.hash, feeHash: null }),
  queuesAnother: answer(200, { hash: '0'.repeat(64), feeHash: null }),
  answersNothing: answer(200, undefined),
  knowsNoFiber: answer(
    400,
    reason('Invalid data update, reason: Chain(CidNotFound(732c056c-f823-4237-a5b5-7bff441f6d80))'),
  ),
  refuses: answer(400, reason('Invalid data update, reason: Chain(ValueIsNull)')),
  finds: (status: number) => answer(status, undefined),
  losesIt: { does: 'lose' } as Behaviour,
  hangs: { does: 'hang' } as Behaviour,
  isDown: { does: 'not_sent' } as Behaviour,
}

export type Sent = { readonly atMs: number; readonly bytes: string }

export type ScriptedLedgerOptions = {
  readonly clock: VirtualClock
  /** One entry a POST; the last stands for all that follow. */
  readonly script: readonly Behaviour[]
  readonly snapshotEveryMs?: number
  /** What `/transactions/{hash}/errors` says after so many milliseconds. */
  readonly recordedRefusal?: { readonly atMs: number; readonly text: string }
  readonly isL0Down?: boolean
  readonly random?: () => number
}

/** A ledger that follows a script on virtual time, and remembers what was asked of it. */
export function createScriptedLedger(options: ScriptedLedgerOptions) {
  const { clock, script, snapshotEveryMs = 1000, recordedRefusal, isL0Down = false, random = () => 0.5 } = options
  const sent: Sent[] = []
  const lookedAtMs: number[] = []
  const snapshotListeners = new Set<(fiberIds: ReadonlySet<string>) => void>()
  let appliedAtMs = Number.POSITIVE_INFINITY

  const request = async ({ body, signal }: NodeRequest): Promise<NodeAnswer> => {
    const behaviour = script[Math.min(sent.length, script.length - 1)] ?? node.isDown
    sent.push({ atMs: clock.monotonicMs(), bytes: JSON.stringify(body) })
    if (behaviour.appliesAfterMs !== undefined)
      appliedAtMs = Math.min(appliedAtMs, clock.monotonicMs() + behaviour.appliesAfterMs)
    if (behaviour.does === 'not_sent') throw new NotSentError('Connection refused.')
    if (behaviour.does === 'lose') throw new NoAnswerError('l1')
    if (behaviour.does === 'hang')
      await clock.sleep(1e9, signal).catch((cause) => {
        throw new NoAnswerError('l1', { cause })
      })
    const { status = 200, json, retryAfterSeconds } = behaviour
    return { status, json, text: undefined, retryAfterSeconds }
  }

  const isApplied = () => clock.monotonicMs() >= appliedAtMs

  const look = async (): Promise<Look<string>> => {
    lookedAtMs.push(clock.monotonicMs())
    if (isL0Down) throw new Error('The L0 is down.')
    return isApplied() ? { settled: true, value: 'applied' } : { settled: false }
  }

  const parts: DeliveryParts = {
    transport: {
      request,
      onSnapshot(listener) {
        snapshotListeners.add(listener)
        return () => snapshotListeners.delete(listener)
      },
      close: async () => undefined,
    },
    clock,
    turns: createTurns(8),
    random,
    readOrdinal: async () => Math.floor(clock.monotonicMs() / snapshotEveryMs),
    readRefusal: async () =>
      recordedRefusal !== undefined && clock.monotonicMs() >= recordedRefusal.atMs ? recordedRefusal.text : undefined,
  }

  const announceSnapshot = (...fiberIds: string[]) => {
    for (const listener of snapshotListeners) listener(new Set(fiberIds))
  }
  return { parts, look, sent, lookedAtMs, isApplied, announceSnapshot, snapshotListeners }
}
