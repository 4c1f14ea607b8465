import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Outcome } from '../../src/fiber/outcome.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import type { ExpectedFiber, Scenario, Step } from './scenario.ts'
import { messageOf, missing, proofsOf, readScenarios } from './scenario.ts'

const scenarios = readScenarios()

test('there are 22 scenarios with 313 steps', () => {
  expect([scenarios.length, scenarios.reduce((sum, { steps }) => sum + steps.length, 0)]).toEqual([22, 313])
})

describe.each(['current', 'workchain'] as const)('in the vocabulary %s', (vocabulary) => {
  test.each(scenarios.map((scenario) => ({ title: `${scenario.name}: ${scenario.steps.length} steps`, scenario })))(
    '$title',
    ({ scenario }) => {
      expect(play(scenario, vocabulary)).toEqual([])
    },
  )
})

/** Plays a scenario, one ordinal a message; gives all that is not as expected. */
function play({ fibers, limits, steps }: Scenario, vocabulary: 'current' | 'workchain'): readonly string[] {
  const { maxGas: gas, maxDepth: triggers } = limits ?? {}
  const engine = createEngine({ limits: { ...(gas && { gas }), ...(triggers && { triggers }) } })
  const ledger = new Map<string, Fiber>()
  return steps.flatMap((step, index) => {
    const id = fibers[step.fiber] ?? ''
    const message = messageOf(step, id, ledger.get(id), vocabulary)
    const snapshot = { ordinal: index + 1, lastSnapshotHash: '0'.repeat(64), epochProgress: 0 }
    const outcome = engine.apply(ledger, message, proofsOf(step.signers), snapshot)
    if (outcome.outcome !== 'rejected') for (const fiber of outcome.changed) ledger.set(fiber.fiberId, fiber)
    const wrong = [
      ...outcomeFaults(step, outcome),
      ...Object.entries(step.expect.fibers ?? {}).flatMap(([label, expected]) =>
        fiberFaults(expected, ledger.get(fibers[label] ?? '')).map((fault) => `${label} ${fault}`),
      ),
    ]
    return wrong.map((fault) => `step ${index + 1}, ${step.do} ${step.fiber}: ${fault}`)
  })
}

function outcomeFaults({ expect: expected }: Step, outcome: Outcome): readonly string[] {
  if (outcome.outcome !== expected.outcome)
    return [`${outcome.outcome}, not ${expected.outcome}: ${JSON.stringify(outcome)}`]
  const codes = outcome.outcome === 'rejected' ? outcome.problems.map(({ code }) => code) : []
  const reasons: readonly string[] = outcome.outcome === 'aborted' ? [outcome.reason] : codes
  const message = outcome.outcome === 'aborted' ? outcome.message : ''
  const emitted = outcome.outcome === 'committed' ? outcome.emitted : []
  return [
    ...(expected.reason === undefined || reasons.includes(expected.reason)
      ? []
      : [`${reasons}, not ${expected.reason}`]),
    ...(message.includes(expected.messageIncludes ?? '') ? [] : [`says ${message}`]),
    ...(expected.emitted ?? []).flatMap((event, index) => missing(event, emitted[index], `emitted ${index}`)),
    ...(expected.emitted === undefined || expected.emitted.length === emitted.length
      ? []
      : [`emitted ${emitted.length}`]),
  ]
}

function fiberFaults(expected: ExpectedFiber, fiber: Fiber | undefined): readonly string[] {
  if (expected.absent) return fiber === undefined ? [] : ['exists']
  if (fiber === undefined) return ['does not exist']
  const { state, dataNull, data, dataAbsent = [], status, owners, children, parent, ...rest } = expected
  const record = fiber as unknown as JsonObject // a record is JSON
  return [
    ...missing(rest as JsonObject, record),
    ...missing(data ?? {}, fiber.stateData ?? {}, 'data'),
    ...(dataNull === true && fiber.stateData !== null ? ['data is not null'] : []),
    ...dataAbsent.filter((key) => Object.hasOwn(fiber.stateData as JsonObject, key)).map((key) => `data has ${key}`),
    ...same('state', state, record['currentState']),
    ...same('status', status, fiber.status.toUpperCase()),
    ...same('parent', parent, record['parentFiberId']),
    ...same('owners', owners?.toSorted(), fiber.owners.toSorted()),
    ...same('children', children?.toSorted(), (record['childFiberIds'] as string[] | undefined)?.toSorted()),
  ]
}

const same = (name: string, expected: JsonValue | undefined, actual: JsonValue | undefined): readonly string[] =>
  expected === undefined ? [] : missing(expected, actual, name)
