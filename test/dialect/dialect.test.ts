import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { MessageUndecodableError, RecordUnreadableError } from '../../src/dialect/errors.ts'
import { createOttochain } from '../../src/dialect/ottochain.ts'
import { workchain } from '../../src/dialect/workchain.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { canonicalize, dropNulls } from '../../src/signing/canonical.ts'
import { dataUpdateHash } from '../../src/signing/digest.ts'
import { fiber, message } from './_arbitraries.ts'
import { signingVectors } from './_vectors.ts'

const dialects = [
  { name: 'workchain', dialect: workchain, positive: 39, reencoded: 13 },
  { name: 'ottochain, nulls kept', dialect: createOttochain({ nulls: 'keep' }), positive: 7, reencoded: 0 },
  { name: 'ottochain, nulls dropped', dialect: createOttochain({ nulls: 'drop' }), positive: 6, reencoded: 1 },
] as const

/** What a node of this dialect hashes. */
const signedText = ({ nulls }: Dialect, wire: JsonObject): string =>
  canonicalize(nulls === 'drop' ? dropNulls(wire) : wire)

describe.each(dialects)('$name', ({ dialect, positive, reencoded }) => {
  const vectors = signingVectors.vectors.filter((vector) => isOfRegime(dialect, vector))
  const negatives = signingVectors.negative.filter(
    ({ category, nodeReencodesTo }) =>
      category === 're-encode' && nodeReencodesTo !== undefined && isOwn(dialect, nodeReencodesTo),
  )

  test('has its share of the vectors', () => {
    expect(vectors).toHaveLength(positive)
    expect(dialect.nulls === 'drop' || dialect.name === 'workchain' ? negatives : []).toHaveLength(reencoded)
  })

  test.each(vectors)('$name: what was decoded is encoded to the text that was signed', (vector) => {
    const wire = dialect.encode(dialect.decode(vector.message))
    expect(signedText(dialect, wire)).toBe(vector.canonicalJson)
    expect(dataUpdateHash(signedText(dialect, wire))).toBe(vector.hashHex)
  })

  test.each(dialect.nulls === 'keep' && dialect.name === 'ottochain' ? [] : negatives)(
    '$name: re-encodes as a node does',
    ({ value, nodeReencodesTo = {} }) => {
      const text = signedText(dialect, dialect.encode(dialect.decode(value)))
      expect(text).toBe(canonicalize(nodeReencodesTo))
      expect(text).not.toBe(canonicalize(value))
    },
  )

  test('law: decode undoes encode', () => {
    fc.assert(
      fc.property(message(dialect.vocabulary), (sent) => {
        expect(dialect.decode(dialect.encode(sent))).toEqual(asCarried(dialect, sent))
      }),
    )
  })

  test('law: encoding what was decoded changes nothing, whatever vocabulary it was written in', () => {
    fc.assert(
      fc.property(fc.oneof(message('current'), message('workchain')), (sent) => {
        const wire = dialect.encode(sent)
        expect(dialect.encode(dialect.decode(wire))).toEqual(wire)
      }),
    )
  })

  test('law: a decoded message can be parsed from its text again', () => {
    fc.assert(
      fc.property(message(dialect.vocabulary), (sent) => {
        const wire = dialect.encode(sent)
        const text: JsonValue = JSON.parse(JSON.stringify(wire))
        expect(dialect.decode(text)).toEqual(dialect.decode(wire))
      }),
    )
  })

  test.each<{ name: string; wire: JsonValue }>([
    { name: 'null', wire: null },
    { name: 'a text', wire: 'CreateScript' },
    { name: 'an array', wire: [{}] },
    { name: 'no member', wire: {} },
    { name: 'an unknown message', wire: { DoSomething: {} } },
    { name: 'a name of every object', wire: { constructor: {} } },
  ])('refuses $name', ({ wire }) => {
    expect(() => dialect.decode(wire)).toThrow(MessageUndecodableError)
  })

  test('law: a record that was encoded is read back', () => {
    fc.assert(
      fc.property(fiber(dialect.vocabulary), (record) => {
        const json = dialect.encodeFiber(record)
        const view = record.kind === 'machine' ? dialect.readMachine(json) : dialect.readScript(json)
        const { fiberId, stateData, sequenceNumber, owners, status, latestUpdateOrdinal } = record
        expect(view).toMatchObject({ fiberId, stateData, sequenceNumber, owners, status, latestUpdateOrdinal })
      }),
    )
  })

  test('law: each fiber of the ledger is found in the calculated state, by its id in either case', () => {
    fc.assert(
      fc.property(fc.array(fiber('current'), { maxLength: 4 }), (records) => {
        const fibers = new Map(records.map((record) => [record.fiberId, record]))
        const state = dialect.encodeCalculatedState({ ordinal: 7, fibers })
        for (const record of fibers.values()) {
          const found = dialect.findFiber(state, record.kind, record.fiberId.toUpperCase())
          expect(found).toEqual(dialect.encodeFiber(record))
          expect(
            dialect.findFiber(state, record.kind === 'machine' ? 'script' : 'machine', record.fiberId),
          ).toBeUndefined()
        }
      }),
    )
  })

  test('finds nothing where there is nothing', () => {
    for (const state of [null, [], {}, { stateMachines: {} }])
      expect(dialect.findFiber(state, 'machine', 'constructor')).toBeUndefined()
  })

  test.each<{ name: string; json: JsonValue }>([
    { name: 'null', json: null },
    { name: 'an empty object', json: {} },
    { name: 'an array', json: [] },
  ])('cannot read a record from $name', ({ json }) => {
    expect(() => dialect.readMachine(json)).toThrow(RecordUnreadableError)
    expect(() => dialect.readScript(json)).toThrow(RecordUnreadableError)
  })

  test('names the field of a record that it cannot read', () => {
    const [record] = fc.sample(fiber(dialect.vocabulary).filter(isMachine), 1)
    const json = dialect.encodeFiber(record as Fiber)
    expect(() => dialect.readMachine({ ...json, owners: 1 })).toThrow(
      expect.objectContaining({ code: 'RECORD_UNREADABLE', details: { record: 'machine', path: 'owners' } }),
    )
  })
})

const isMachine = ({ kind }: Fiber): boolean => kind === 'machine'

/** A vector counts where its dialect matches and its canonical text is what this regime makes of the message. */
function isOfRegime(dialect: Dialect, vector: (typeof signingVectors.vectors)[number]): boolean {
  if (vector.dialect !== dialect.name) return false
  if (vector.nulls !== 'as-is') return vector.nulls === dialect.nulls
  return dialect.nulls === 'keep' || isDeepStrictEqual(dropNulls(vector.message), vector.message)
}

function isOwn(dialect: Dialect, value: JsonObject): boolean {
  const [name = ''] = Object.keys(value)
  return /Fiber|Oracle/.test(name) === (dialect.name === 'workchain')
}

/** What of a message its dialect carries: the key or the sequence number, not both. */
function asCarried({ name }: Dialect, sent: Message): Message {
  if (sent.type === 'CreateStateMachine' || sent.type === 'CreateScript') return sent
  const ours = name === 'workchain' ? { ...sent, targetSequenceNumber: null } : sent
  return ours.type === 'TransitionStateMachine' && name === 'ottochain' ? { ...ours, idempotencyKey: null } : ours
}
