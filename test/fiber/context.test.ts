import { expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import type { VocabularyName } from '../../src/fiber/messages.ts'
import { proofOf, proofsOf } from './scenario.ts'
import { createMachine, createScript, createWorld, definition, event, idOf, invoke, transition } from './world.ts'

const [machine, other, script, child, unknown] = ['1', '2', '3', '4', '5'].map(idOf) as [
  string,
  string,
  string,
  string,
  string,
]

/** What an effect sees of its whole context. */
function seenBy(vocabulary: VocabularyName): JsonValue {
  const world = createWorld()
  world.send(createMachine(other, [transition()], { o: 1 }))
  world.send(createScript(script, { _state: { n: 2 }, _result: 'done' }))
  world.send(invoke(script, 'count', [1]))
  const effect = { seen: { var: '' } }
  const dependencies = [other, script, unknown]
  world.send({
    type: 'CreateStateMachine',
    fiberId: machine,
    definition: definition([transition({ effect, dependencies })], { vocabulary }),
    initialData: { m: 3 },
    parentFiberId: other,
  })
  world.fibers.set(child, { ...world.machine(other), fiberId: child })
  world.fibers.set(machine, { ...world.machine(machine), childFiberIds: [child, unknown] })
  world.send(event(machine, 'go', { p: [1.5] }), ['bob', 'alice'])
  return (world.machine(machine).stateData as { seen: JsonValue }).seen
}

const view = { state: { o: 1 }, currentStateId: 's', sequenceNumber: 0 }
const invocation = {
  method: 'count',
  args: [1],
  result: 'done',
  gasUsed: 0,
  invokedAt: 3,
  invokedBy: proofOf('alice').address,
}
const scriptView = { state: { n: 2 }, status: 'Active', sequenceNumber: 1, lastInvocation: invocation }
const shared = {
  state: { m: 3 },
  event: { p: [1.5] },
  machineId: machine,
  currentStateId: 's',
  sequenceNumber: 0,
  $ordinal: 5,
  $lastSnapshotHash: 'ab'.repeat(32),
  $epochProgress: 7,
  proofs: proofsOf(['alice', 'bob']).map(({ address, id, signature }) => ({ address, id, signature })),
  machines: { [other]: view },
  parent: { ...view, machineId: other },
  children: { [child]: view },
}

test('a guard and an effect see the machine, the event, the snapshot, relatives and listed dependencies', () => {
  expect(seenBy('current')).toEqual({ ...shared, eventName: 'go', scripts: { [script]: scriptView } })
})

test('in the words of the Workchain era, with its views of scripts', () => {
  const oldView = { ...scriptView, stateData: { n: 2 }, invocationCount: 1, invocationLog: [invocation] }
  expect(seenBy('workchain')).toEqual({ ...shared, eventType: 'go', scriptOracles: { [script]: oldView } })
})

test.each([
  { vocabulary: 'current' as const, keys: ['args', 'method', 'state'] },
  { vocabulary: 'workchain' as const, keys: ['args', 'content', 'method', 'state'] },
])('a script sees its call and its state in $vocabulary words', ({ vocabulary, keys }) => {
  const world = createWorld()
  const program = { _result: { var: '' } }
  world.send({
    type: 'CreateScript',
    fiberId: script,
    vocabulary,
    scriptProgram: program,
    initialState: { a: 1 },
    accessControl: { type: 'Public' },
  })
  world.send(invoke(script, 'look', 'x'))
  const result = world.script(script).lastInvocation?.result as Record<string, JsonValue>
  expect(Object.keys(result).sort()).toEqual(keys)
  expect(result).toMatchObject({ args: 'x', method: 'look', state: { a: 1 } })
})
