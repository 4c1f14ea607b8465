import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import type { Definition, Message } from '../../src/fiber/messages.ts'
import {
  archive,
  createMachine,
  createScript,
  createWorld,
  definition,
  event,
  idOf,
  invoke,
  transition,
  verdict,
} from './world.ts'

const [machine, script, gone, unknown, fresh] = ['1', '2', '3', '4', '5'].map(idOf) as [
  string,
  string,
  string,
  string,
  string,
]

/** A machine and a script of alice, and an archived machine. */
function settled() {
  const world = createWorld()
  world.send(createMachine(machine, [transition()]))
  world.send(createScript(script, { var: 'state' }, null, { type: 'FiberOwned', fiberId: machine }))
  world.send(createMachine(gone, [transition()]))
  world.send(archive(gone))
  return world
}

const creation = (fields: Partial<Definition>, transitions = [transition()]): Message => ({
  type: 'CreateStateMachine',
  fiberId: fresh,
  definition: definition(transitions, fields),
  initialData: {},
  parentFiberId: null,
})
const many = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))
const nested = (levels: number): JsonValue => (levels === 0 ? true : { '!': [nested(levels - 1)] })
const state = (id: string) => [id, { id, isFinal: false, metadata: null }] as const

describe('a message is rejected', () => {
  test.each<{ name: string; message: Message; signers?: string[]; codes: string[] }>([
    { name: 'whose id is taken by a script', message: createMachine(script, []), codes: ['CidAlreadyExists'] },
    { name: 'whose script id is taken', message: createScript(machine, 1), codes: ['CidAlreadyExists'] },
    {
      name: 'without states',
      message: creation({ states: {} }, []),
      codes: ['NoStatesInDefinition', 'InitialStateNotFound'],
    },
    {
      name: 'with an unknown initial state',
      message: creation({ initialState: 'toString' }),
      codes: ['InitialStateNotFound'],
    },
    {
      name: 'leaving an unknown state',
      message: creation({}, [transition({ from: 'q' })]),
      codes: ['TransitionFromInvalidState'],
    },
    {
      name: 'entering an unknown state',
      message: creation({}, [transition({ to: 'q' })]),
      codes: ['TransitionToInvalidState'],
    },
    {
      name: 'with transitions that differ in spelling only',
      message: creation({}, [
        transition({ guard: { '!!': { var: 'a' } }, dependencies: [machine, script] }),
        transition({ guard: { '!!': [{ var: ['a'] }] }, dependencies: [script, machine] }),
      ]),
      codes: ['DuplicateTransitions'],
    },
    {
      name: 'with an unconditional rival',
      message: creation({}, [transition({ guard: true }), transition({ to: 't' })]),
      codes: ['AmbiguousTransitions'],
    },
    {
      name: 'with 101 states',
      message: creation({ states: Object.fromEntries([state('s'), ...many(100, (index) => state(`s${index}`))]) }),
      codes: ['TooManyStates'],
    },
    {
      name: 'with 501 transitions',
      message: creation(
        { states: Object.fromEntries([state('s'), ...many(51, (index) => state(`s${index}`))]) },
        many(501, (index) => transition({ from: `s${index % 51}`, eventName: `e${index}` })),
      ),
      codes: ['TooManyTransitions'],
    },
    {
      name: 'with 21 transitions out of one state',
      message: creation(
        {},
        many(21, (index) => transition({ eventName: `e${index}` })),
      ),
      codes: ['TooManyTransitionsPerState'],
    },
    {
      name: 'with a guard of 101 levels',
      message: creation({}, [transition({ guard: nested(101) })]),
      codes: ['ExpressionTooDeep'],
    },
    {
      name: 'with an operator name as a field inside a computed path',
      message: creation({}, [transition({ effect: { a: { var: { cat: [{ count: 1, b: 2 }] } } } })]),
      codes: ['ReservedOperatorAsFieldName'],
    },
    { name: 'with initial data that is no map', message: createMachine(fresh, [], 'text'), codes: ['NotMapValue'] },
    {
      name: 'with initial data past its limit',
      message: createMachine(fresh, [], { text: 'x'.repeat(524_290) }),
      codes: ['ValueTooLarge'],
    },
    { name: 'with an unknown parent', message: createMachine(fresh, [], {}, unknown), codes: ['ParentFiberNotFound'] },
    { name: 'with an archived parent', message: createMachine(fresh, [], {}, gone), codes: ['ParentFiberNotActive'] },
    { name: 'that nobody signed', message: createMachine(fresh, []), signers: [], codes: ['NoProofsProvided'] },
    { name: 'for an unknown machine', message: event(unknown), codes: ['CidNotFound'] },
    { name: 'archiving an unknown machine', message: archive(unknown), codes: ['CidNotFound'] },
    { name: 'invoking an unknown script', message: invoke(unknown), codes: ['CidNotFound'] },
    { name: 'with an event for a script', message: event(script), codes: ['FiberNotFound'] },
    { name: 'archiving a script', message: archive(script), codes: ['FiberNotFound'] },
    { name: 'invoking a machine', message: invoke(machine), codes: ['OracleNotFound'] },
    { name: 'invoking past the policy', message: invoke(script), signers: ['bob'], codes: ['OracleAccessDenied'] },
    { name: 'for an archived machine', message: event(gone), codes: ['FiberNotActive'] },
    {
      name: 'with everything wrong at once',
      message: event(gone, 'nope', null),
      signers: ['bob'],
      codes: ['ValueIsNull', 'FiberNotActive', 'NotSignedByOwner', 'NoTransitionForEvent'],
    },
    {
      name: 'with a target behind the fiber',
      message: event(machine, 'go', {}, -1),
      codes: ['SequenceNumberMismatch'],
    },
    {
      name: 'with a target ahead of the fiber',
      message: event(machine, 'go', {}, 1),
      codes: ['SequenceNumberMismatch'],
    },
    { name: 'archiving at another number', message: archive(machine, 1), codes: ['SequenceNumberMismatch'] },
    { name: 'invoking at another number', message: invoke(script, 'run', {}, 1), codes: ['SequenceNumberMismatch'] },
    {
      name: 'with a payload past its limit',
      message: event(
        machine,
        'go',
        many(6, () => 'x'.repeat(9_000)),
      ),
      codes: ['ValueTooLarge'],
    },
    {
      name: 'with a string too long',
      message: event(machine, 'go', { a: ['x'.repeat(10_001)] }),
      codes: ['StringTooLong'],
    },
    {
      name: 'with a control character',
      message: invoke(script, 'run', ['\u0085']),
      codes: ['StringContainsControlChars'],
    },
    {
      name: 'with an array too long',
      message: invoke(
        script,
        'run',
        many(1_001, () => 0),
      ),
      codes: ['ArrayTooLarge'],
    },
    {
      name: 'with too many entries',
      message: event(machine, 'go', [Object.fromEntries(many(101, (index) => [`k${index}`, 0]))]),
      codes: ['MapTooLarge'],
    },
    { name: 'with a script state that is an array', message: createScript(fresh, 1, []), codes: ['NotMapValueOrNull'] },
    {
      name: 'with a program too deep and a state too large',
      message: createScript(fresh, nested(101), { text: 'x'.repeat(524_290) }),
      codes: ['ExpressionTooDeep', 'ValueTooLarge'],
    },
  ])('$name', ({ message, signers, codes }) => {
    const world = settled()
    const before = [...world.fibers]
    expect(verdict(world.send(message, signers))).toEqual(codes)
    expect([...world.fibers]).toEqual(before)
  })
})

describe('a message is let through', () => {
  test.each<{ name: string; message: Message; signers?: string[] }>([
    { name: 'with a guard of 100 levels', message: creation({}, [transition({ guard: nested(100) })]) },
    { name: 'with rivals whose guards are computed', message: creation({}, [transition(), transition({ to: 't' })]) },
    {
      name: 'with a single key that makes a call',
      message: creation({}, [transition({ effect: { a: { count: [[1]] } } })]),
    },
    {
      name: 'with an active parent that somebody else owns',
      message: createMachine(fresh, [], {}, machine),
      signers: ['bob'],
    },
    { name: 'with one owner among the signers', message: event(machine), signers: ['bob', 'alice'] },
    { name: 'without a sequence number', message: event(machine, 'go', {}, null) },
    { name: 'with null arguments', message: invoke(script, 'run', null) },
    { name: 'with 10,000 characters', message: event(machine, 'go', 'x'.repeat(10_000)) },
    { name: 'as a script that nobody signed', message: createScript(fresh, 1), signers: [] },
  ])('$name', ({ message, signers }) => {
    expect(verdict(settled().send(message, signers))).toBe('committed')
  })
})

test('the data layer sees structure and commits, and neither records nor proofs', () => {
  const { engine, fibers } = settled()
  const codes = (message: Message) => engine.validate(fibers, message).map(({ code }) => code)
  expect(codes(event(gone, 'nope', {}, 5))).toEqual([])
  expect(codes(event(script))).toEqual([])
  expect(codes(event(machine, 'go', null, -1))).toEqual(['SequenceNumberMismatch', 'ValueIsNull'])
  expect(codes(createMachine(fresh, [], {}, unknown))).toEqual(['ParentFiberNotFound'])
})

test('a payload with many faults is told about ten of them', () => {
  const { engine, fibers } = settled()
  expect(
    engine.validate(
      fibers,
      event(
        machine,
        'go',
        many(50, () => '\t'),
      ),
    ),
  ).toHaveLength(10)
})

test('a problem names its place', () => {
  const { engine, fibers } = settled()
  expect(engine.validate(fibers, event(machine, 'go', { a: [{ b: '\n' }] }))).toEqual([
    { code: 'StringContainsControlChars', message: expect.any(String), detail: 'payload.a[0].b' },
  ])
})
