import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../src/core/clock.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { createSigner, signValue } from '../../src/signing/signer.ts'

export const workchain = createDialect('workchain')
export const ottochain = createDialect('ottochain')

/** The machine's own time: for tests that do not turn on it. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal ? { signal } : {})
  },
}

/** Test keys: 1, 2, 3 … as private keys. */
export const signerOf = (number: number): Signer => {
  const key = new Uint8Array(32)
  key.set([number], 31)
  return createSigner(key)
}
export const alice = signerOf(1)
export const bob = signerOf(2)

export async function sign(dialect: Dialect, message: Message, signers: readonly Signer[] = [alice]) {
  const wire = dialect.encode(message)
  const hash = dataUpdateHash(canonicalize(dialect.nulls === 'drop' ? dropNulls(wire) : wire))
  return { hash, envelope: await signValue(wire, hash, signers) }
}

export const uuid = (number: number): string => `11111111-1111-4111-8111-${String(number).padStart(12, '0')}`

/** A machine that adds `event.by` to its count, and refuses an amount that is not positive. */
export function createCounter(number: number, dialect: Dialect): Message {
  const add = {
    from: 'open',
    to: 'open',
    eventName: 'add',
    guard: { '>': [{ var: 'event.by' }, 0] },
    effect: { total: { '+': [{ var: 'state.total' }, { var: 'event.by' }] } },
    dependencies: [],
  }
  const states = { open: { id: 'open', isFinal: false, metadata: null } }
  return {
    type: 'CreateStateMachine',
    fiberId: uuid(number),
    definition: { vocabulary: dialect.vocabulary, states, initialState: 'open', transitions: [add], metadata: null },
    initialData: { total: 0 },
    parentFiberId: null,
  }
}

/** An event for such a machine. The key or the target, whichever the dialect has. */
export const add = (number: number, by: JsonValue, mark: { key?: string; target?: number } = {}): Message => ({
  type: 'TransitionStateMachine',
  fiberId: uuid(number),
  eventName: 'add',
  payload: { by },
  targetSequenceNumber: mark.target ?? null,
  idempotencyKey: mark.key ?? null,
})
