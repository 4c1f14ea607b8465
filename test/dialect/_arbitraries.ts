import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { AccessControl, Definition, Message, VocabularyName } from '../../src/fiber/messages.ts'
import type { Fiber, FiberStatus } from '../../src/fiber/records.ts'
import { normalize } from '../../src/jlvm/normal-form.ts'
import { addressFromId } from '../../src/signing/address.ts'

const uuid = fc.uuid()
const orNull = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | null> => fc.option(value, { nil: null })
const name = fc.stringMatching(/^[a-z][a-z_]{0,8}$/)
const ids = fc.uniqueArray(uuid, { maxLength: 4 })
const count = fc.nat()
const json: fc.Arbitrary<JsonValue> = fc
  .jsonValue({ maxDepth: 3, noUnicodeString: false })
  .map((value) => JSON.parse(JSON.stringify(value)))
const object = fc.dictionary(name, json, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>
const address = fc.stringMatching(/^[0-9a-f]{128}$/).map((id) => addressFromId(id))

const path = fc
  .tuple(
    fc.constantFrom('state', 'event', 'scripts', 'eventName', 'machines', 'args', 'method'),
    fc.array(name, { maxLength: 2 }),
  )
  .map((segments) => segments.flat().join('.'))

/** Expressions of a few operators over paths of both kinds of root; nothing that is a name of the other vocabulary. */
export const expression: fc.Arbitrary<JsonValue> = fc.letrec<{ expression: JsonValue }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.constantFrom('scripts.a', 'state', 'text', 'X')),
    path.map((text) => ({ var: text })),
    fc.tuple(path, json).map(([text, fallback]) => ({ var: [text, fallback] })),
    fc.tuple(path, tie('expression')).map(([text, piece]) => ({ var: { cat: [`${text}.`, piece] } })),
    fc
      .tuple(
        fc.constantFrom('and', 'cat', '===', 'merge', 'if', 'default'),
        fc.array(tie('expression'), { maxLength: 4 }),
      )
      .map(([operator, parts]) => ({ [operator]: parts })),
    fc.dictionary(name, tie('expression'), { maxKeys: 3 }),
    fc.array(tie('expression'), { maxLength: 3 }),
  ),
})).expression

/** Effects that use every reserved key. */
export const effect: fc.Arbitrary<JsonValue> = fc
  .record(
    {
      lastMove: expression,
      _oracleCall: fc.record({ fiberId: expression, method: name, args: expression }),
      _triggers: fc.array(fc.record({ targetMachineId: expression, eventName: name, payload: expression }), {
        maxLength: 2,
      }),
      _emit: fc.array(fc.record({ name, data: expression }), { maxLength: 2 }),
    },
    { requiredKeys: [] },
  )
  .chain((literal) => fc.constantFrom<JsonValue>(literal, { if: [true, literal, {}] }, { merge: [literal, {}] }))

export const definition = (vocabulary: VocabularyName): fc.Arbitrary<Definition> =>
  fc.uniqueArray(name, { minLength: 1, maxLength: 4 }).chain((states) => {
    const state = fc.constantFrom(...states)
    return fc.record({
      vocabulary: fc.constant(vocabulary),
      states: fc
        .array(fc.record({ isFinal: fc.boolean(), metadata: json }), { minLength: 4, maxLength: 4 })
        .map((rest) =>
          Object.fromEntries(states.map((id, index) => [id, { id, isFinal: false, metadata: null, ...rest[index] }])),
        ),
      initialState: state,
      transitions: fc.array(
        fc.record({
          from: state,
          to: state,
          eventName: name,
          guard: expression.map(normalize),
          effect: effect.map(normalize),
          dependencies: ids,
        }),
        { maxLength: 3 },
      ),
      metadata: json,
    })
  })

const accessControl: fc.Arbitrary<AccessControl> = fc.oneof(
  fc.constant<AccessControl>({ type: 'Public' }),
  fc.uniqueArray(address, { maxLength: 3 }).map((addresses): AccessControl => ({ type: 'Whitelist', addresses })),
  uuid.map((fiberId): AccessControl => ({ type: 'FiberOwned', fiberId })),
)

/** Any message with expressions in normal form, written in a vocabulary. */
export const message = (vocabulary: VocabularyName): fc.Arbitrary<Message> => {
  const messages: readonly fc.Arbitrary<Message>[] = [
    fc.record({
      type: fc.constant('CreateStateMachine'),
      fiberId: uuid,
      definition: definition(vocabulary),
      initialData: object,
      parentFiberId: orNull(uuid),
    }),
    fc.record({
      type: fc.constant('TransitionStateMachine'),
      fiberId: uuid,
      eventName: name,
      payload: json,
      targetSequenceNumber: count,
      idempotencyKey: orNull(fc.string()),
    }),
    fc.record({ type: fc.constant('ArchiveStateMachine'), fiberId: uuid, targetSequenceNumber: count }),
    fc.record({
      type: fc.constant('CreateScript'),
      fiberId: uuid,
      vocabulary: fc.constant(vocabulary),
      scriptProgram: expression.map(normalize),
      initialState: orNull(object),
      accessControl,
    }),
    fc.record({
      type: fc.constant('InvokeScript'),
      fiberId: uuid,
      method: name,
      args: json,
      targetSequenceNumber: count,
    }),
  ]
  return fc.oneof(...messages)
}

const hashHex = fc.stringMatching(/^[0-9a-f]{64}$/)
const recordFields = {
  fiberId: uuid,
  status: fc.constantFrom<FiberStatus>('Active', 'Archived', 'Failed'),
  owners: fc.array(address, { maxLength: 2 }),
  sequenceNumber: count,
  creationOrdinal: count,
  previousUpdateOrdinal: count,
  latestUpdateOrdinal: count,
  stateDataHash: hashHex,
}

/** Any record, with expressions in a vocabulary. */
export const fiber = (vocabulary: VocabularyName): fc.Arbitrary<Fiber> => {
  const fibers: readonly fc.Arbitrary<Fiber>[] = [
    fc.record({
      ...recordFields,
      kind: fc.constant('machine'),
      definition: definition(vocabulary),
      currentState: name,
      stateData: object,
      lastReceipt: fc.constant(null),
      parentFiberId: orNull(uuid),
      childFiberIds: ids,
    }),
    fc.record({
      ...recordFields,
      kind: fc.constant('script'),
      vocabulary: fc.constant(vocabulary),
      scriptProgram: expression.map(normalize),
      stateData: object,
      accessControl,
      lastInvocation: orNull(
        fc.record({
          fiberId: uuid,
          method: name,
          args: json,
          result: json,
          gasUsed: count,
          invokedAt: count,
          invokedBy: address,
        }),
      ),
    }),
  ]
  return fc.oneof(...fibers)
}
