import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import { createOttochain } from '../../src/dialect/ottochain.ts'
import { workchain } from '../../src/dialect/workchain.ts'

const ottochain = createOttochain()
const id = '11111111-1111-1111-1111-111111111111'
const address = 'DAG6rkDwd7V6uboeH9fajUnue7eSsMKt4w9GiXjy'

const complete: { readonly [name: string]: { readonly dialect: typeof workchain; readonly fields: JsonObject } } = {
  CreateStateMachineFiber: {
    dialect: workchain,
    fields: {
      cid: id,
      definition: {
        states: { on: { id: { value: 'on' }, isFinal: false, metadata: null } },
        initialState: { value: 'on' },
        transitions: [
          {
            from: { value: 'on' },
            to: { value: 'on' },
            eventType: { value: 'go' },
            guard: true,
            effect: {},
            dependencies: [id],
          },
        ],
        metadata: null,
      },
      initialData: {},
      parentFiberId: null,
    },
  },
  ProcessFiberEvent: {
    dialect: workchain,
    fields: { cid: id, event: { eventType: { value: 'go' }, payload: {}, idempotencyKey: null } },
  },
  ArchiveFiber: { dialect: workchain, fields: { cid: id } },
  CreateScriptOracle: {
    dialect: workchain,
    fields: {
      cid: id,
      scriptProgram: true,
      initialState: null,
      accessControl: { Whitelist: { addresses: [address] } },
    },
  },
  InvokeScriptOracle: { dialect: workchain, fields: { cid: id, method: 'go', args: null } },
  CreateStateMachine: {
    dialect: ottochain,
    fields: {
      fiberId: id,
      definition: {
        states: { on: { id: 'on', isFinal: false, metadata: null } },
        initialState: 'on',
        transitions: [{ from: 'on', to: 'on', eventName: 'go', guard: true, effect: {}, dependencies: [] }],
        metadata: null,
      },
      initialData: {},
      parentFiberId: null,
    },
  },
  TransitionStateMachine: {
    dialect: ottochain,
    fields: { fiberId: id, eventName: 'go', payload: {}, targetSequenceNumber: 0 },
  },
  ArchiveStateMachine: { dialect: ottochain, fields: { fiberId: id, targetSequenceNumber: 0 } },
  CreateScript: {
    dialect: ottochain,
    fields: { fiberId: id, scriptProgram: true, initialState: null, accessControl: { FiberOwned: { fiberId: id } } },
  },
  InvokeScript: { dialect: ottochain, fields: { fiberId: id, method: 'go', args: null, targetSequenceNumber: 0 } },
}

/** The field a test is about, by message: required ones name themselves when they are gone. */
const required: readonly [message: string, ...paths: string[]][] = [
  [
    'CreateStateMachineFiber',
    ...['cid', 'definition', 'definition.states', 'definition.states.on.id', 'definition.states.on.id.value'],
    ...['definition.states.on.isFinal', 'definition.initialState', 'definition.transitions', 'initialData'],
    ...['definition.transitions[0].from', 'definition.transitions[0].to', 'definition.transitions[0].eventType'],
    ...[
      'definition.transitions[0].guard',
      'definition.transitions[0].effect',
      'definition.transitions[0].dependencies',
    ],
  ],
  ['ProcessFiberEvent', 'cid', 'event', 'event.eventType', 'event.eventType.value', 'event.payload'],
  ['ArchiveFiber', 'cid'],
  ['CreateScriptOracle', 'cid', 'scriptProgram', 'accessControl', 'accessControl.Whitelist.addresses'],
  ['InvokeScriptOracle', 'cid', 'method', 'args'],
  [
    'CreateStateMachine',
    ...['fiberId', 'definition', 'definition.states', 'definition.states.on.id', 'definition.initialState'],
    ...['definition.transitions', 'definition.transitions[0].from', 'definition.transitions[0].to', 'initialData'],
    ...['definition.transitions[0].eventName', 'definition.transitions[0].guard', 'definition.transitions[0].effect'],
  ],
  ['TransitionStateMachine', 'fiberId', 'eventName', 'payload', 'targetSequenceNumber'],
  ['ArchiveStateMachine', 'fiberId', 'targetSequenceNumber'],
  ['CreateScript', 'fiberId', 'scriptProgram', 'accessControl', 'accessControl.FiberOwned.fiberId'],
  ['InvokeScript', 'fiberId', 'method', 'args', 'targetSequenceNumber'],
]

const optional: readonly [message: string, ...paths: string[]][] = [
  ['CreateStateMachineFiber', 'definition.states.on.metadata', 'definition.metadata', 'parentFiberId'],
  ['ProcessFiberEvent', 'event.idempotencyKey'],
  ['CreateScriptOracle', 'initialState'],
  [
    'CreateStateMachine',
    ...['definition.states.on.metadata', 'definition.states.on.isFinal', 'definition.metadata', 'parentFiberId'],
    'definition.transitions[0].dependencies',
  ],
  ['CreateScript', 'initialState'],
]

const spread = (table: typeof required) =>
  table.flatMap(([message, ...paths]) => paths.map((path) => ({ message, path })))

describe('a missing field', () => {
  test.each(spread(required))(
    '$message without $path cannot be decoded, and the error says where',
    ({ message, path }) => {
      const { dialect, fields } = caseOf(message)
      expect(() => dialect.decode({ [message]: without(fields, path) })).toThrow(
        expect.objectContaining({
          code: 'MESSAGE_UNDECODABLE',
          kind: 'invalid',
          details: { path: `${message}.${path}` },
        }),
      )
    },
  )

  test.each(spread(optional))('$message without $path is filled in before it is hashed', ({ message, path }) => {
    const { dialect, fields } = caseOf(message)
    const whole = { [message]: fields }
    expect(dialect.encode(dialect.decode({ [message]: without(fields, path) }))).toEqual(whole)
  })
})

describe('a wrong field', () => {
  test.each<{ name: string; message: string; path: string; value: JsonValue }>([
    { name: 'a UUID in braces', message: 'ArchiveFiber', path: 'cid', value: `{${id}}` },
    { name: 'a UUID without dashes', message: 'ArchiveFiber', path: 'cid', value: id.replaceAll('-', '') },
    { name: 'a plain event name', message: 'ProcessFiberEvent', path: 'event.eventType', value: 'go' },
    { name: 'a number as key', message: 'ProcessFiberEvent', path: 'event.idempotencyKey', value: 1 },
    {
      name: 'an address with a wrong check digit',
      message: 'CreateScriptOracle',
      path: 'accessControl.Whitelist.addresses[0]',
      value: address.replace('DAG6', 'DAG7'),
    },
    { name: 'an unknown policy', message: 'CreateScriptOracle', path: 'accessControl', value: { Private: {} } },
    { name: 'a policy in a text', message: 'CreateScript', path: 'accessControl', value: 'Public' },
    { name: 'a negative target', message: 'InvokeScript', path: 'targetSequenceNumber', value: -1 },
    { name: 'a broken target', message: 'InvokeScript', path: 'targetSequenceNumber', value: 0.5 },
    {
      name: 'an event name in an object',
      message: 'TransitionStateMachine',
      path: 'eventName',
      value: { value: 'go' },
    },
    { name: 'a text for isFinal', message: 'CreateStateMachine', path: 'definition.states.on.isFinal', value: 'no' },
  ])('$name is refused with its place', ({ message, path, value }) => {
    const { dialect, fields } = caseOf(message)
    expect(() => dialect.decode({ [message]: replace(fields, segments(path), () => value) })).toThrow(
      expect.objectContaining({ code: 'MESSAGE_UNDECODABLE', details: { path: `${message}.${path}` } }),
    )
  })
})

test('only the first member of a policy is looked at', () => {
  const { fields } = caseOf('CreateScript')
  const decoded = ottochain.decode({ CreateScript: { ...fields, accessControl: { Public: {}, Whitelist: 1 } } })
  expect(decoded).toMatchObject({ accessControl: { type: 'Public' } })
})

test('ids in lists are read in lower case, each once', () => {
  const { fields } = caseOf('CreateStateMachine')
  const upper = 'ABCDEF00-0000-4000-8000-000000000000'
  const wire = replace(fields, segments('definition.transitions[0].dependencies'), () => [
    upper,
    upper.toLowerCase(),
    id,
  ])
  expect(ottochain.decode({ CreateStateMachine: wire })).toMatchObject({
    definition: { transitions: [{ dependencies: [upper.toLowerCase(), id] }] },
  })
})

function caseOf(message: string) {
  const found = complete[message]
  if (found === undefined) throw new Error(`no case for ${message}`)
  return found
}

const segments = (path: string): string[] => path.split(/[.[\]]+/).filter((segment) => segment !== '')

const without = (fields: JsonObject, path: string): JsonObject => replace(fields, segments(path), () => undefined)

/** A copy with the value at a path replaced, or taken out where the replacement is undefined. */
function replace(fields: JsonObject, path: readonly string[], make: () => JsonValue | undefined): JsonObject {
  const [key, ...rest] = path
  const entries = Object.entries(fields).flatMap(([name, value]): [string, JsonValue][] => {
    if (name !== key) return [[name, value]]
    const next = rest.length === 0 ? make() : replaceInside(value, rest, make)
    return next === undefined ? [] : [[name, next]]
  })
  return Object.fromEntries(entries)
}

function replaceInside(value: JsonValue, path: readonly string[], make: () => JsonValue | undefined): JsonValue {
  if (isJsonObject(value)) return replace(value, path, make)
  if (isJsonArray(value)) return Object.values(replace(Object.fromEntries(Object.entries(value)), path, make))
  throw new Error(`nothing at ${path.join('.')}`)
}
