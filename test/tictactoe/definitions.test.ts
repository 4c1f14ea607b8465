import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray } from '../../src/core/json.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { createOttochain } from '../../src/dialect/ottochain.ts'
import { workchain } from '../../src/dialect/workchain.ts'
import type { Engine } from '../../src/fiber/engine.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { normalize } from '../../src/jlvm/normal-form.ts'
import type { Step } from '../fiber/scenario.ts'
import { messageOf, missing, proofsOf, readScenarios, toDefinition } from '../fiber/scenario.ts'
import {
  begin,
  createMachine,
  createScript,
  eventOf,
  gameId,
  machine,
  machineFile,
  machineId,
  oracle,
  oracleFile,
  oracleId,
  oracleState,
  play,
  proofs,
  snapshotAt,
} from './_game.ts'
import type { Share, Tally } from './_replay.ts'

const dialects = [
  { name: 'workchain', dialect: workchain },
  { name: 'ottochain', dialect: createOttochain() },
] as const

describe('the files', () => {
  const scenario = slots()
  const payloads = scenario.steps.map(({ payload }) => payload)

  test('hold the very script and definition that were run on a model of the node', () => {
    expect(oracle.scriptProgram).toEqual(normalize(payloads[0]?.['scriptProgram'] ?? null))
    expect(machine.instantiate(oracleId)).toEqual(toDefinition(payloads[1]?.['definition'] as JsonObject, normalize))
    expect({ ...oracle.initialState, gameId }).toEqual(payloads[0]?.['initialState'])
  })

  test('are written in normal form', () => {
    expect(oracle.scriptProgram).toEqual((oracleFile as JsonObject)['scriptProgram'])
    expect(machine.instantiate('$' + '{oracle}')).toMatchObject((machineFile as JsonObject)['definition'] as JsonObject)
  })

  test.each(dialects)('nest at most 40 levels deep in a posted message: $name', ({ dialect }) => {
    for (const message of [createScript, createMachine])
      expect(depthOf({ value: dialect.encode(message), proofs: [] })).toBeLessThanOrEqual(40)
  })

  test.each(dialects)(
    'come back unchanged in meaning from the wire, and translated back to the letter: $name',
    ({ dialect }) => {
      const current = createOttochain()
      for (const message of [createScript, createMachine]) {
        const received = dialect.decode(dialect.encode(message))
        expect(current.decode(current.encode(received))).toEqual(message)
      }
    },
  )

  test('are the only place that knows the rules: no source holds the lines of a board', () => {
    const folder = new URL('../../src/', import.meta.url)
    const sources = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const holders = sources.filter((file) => {
      const text = readFileSync(new URL(file, folder), 'utf8')
      return /\b0\D{1,4}4\D{1,4}8\b/.test(text) && /\b2\D{1,4}4\D{1,4}6\b/.test(text)
    })
    expect(sources.length).toBeGreaterThan(20)
    expect(holders).toEqual([])
    expect(JSON.stringify(oracleFile)).toMatch(/0,4,8\],\[2,4,6/)
  })
})

describe.each(dialects)('the recorded scenario with our files over the wire of $name', ({ dialect }) => {
  test('94 steps end as they did on the model of the node', () => {
    const scenario = slots()
    const ledger = new Map<string, Fiber>()
    const engine = createEngine()
    expect(scenario.steps).toHaveLength(94)
    const faults = scenario.steps.flatMap((step, index) => {
      const id = scenario.fibers[step.fiber] ?? ''
      const sent = messageOf(withOurRules(step), id, ledger.get(id), 'current')
      const outcome = engine.apply(ledger, overTheWire(dialect, sent), proofsOf(step.signers), snapshotAt(index + 1))
      if (outcome.outcome !== 'rejected') for (const fiber of outcome.changed) ledger.set(fiber.fiberId, fiber)
      return [
        ...missing(step.expect.outcome, outcome.outcome),
        ...missing(step.expect.reason ?? reasonOf(outcome), reasonOf(outcome)),
        ...Object.entries(step.expect.fibers ?? {}).flatMap(([label, { state, ...expected }]) => {
          const fiber = ledger.get(scenario.fibers[label] ?? '') as unknown as JsonObject // a record is JSON
          const { data = {}, lastReceipt = {}, lastInvocation = {}, sequenceNumber = 0 } = expected
          const wanted = { stateData: data, sequenceNumber, ...(state && { currentState: state }) }
          return [
            ...missing(wanted, fiber),
            ...missing(lastReceipt, fiber['lastReceipt'] ?? {}),
            ...missing(lastInvocation, fiber['lastInvocation'] ?? {}),
          ]
        }),
      ].map((fault) => `step ${index + 1}: ${fault}`)
    })
    expect(faults).toEqual([])
  })
})

// Half a million transactions. Workers run the sources as Node does: a test runner's wrapping of imports doubles the time.
test('all 255,168 games end where they must, and nowhere before', { timeout: 300_000 }, async () => {
  const count = Math.min(availableParallelism(), 8)
  const tallies = await Promise.all(Array.from({ length: count }, (_, index) => replayShare({ index, count })))
  const total = (end: 'X' | 'O' | 'draw') => tallies.reduce((sum, tally) => sum + tally[end], 0)
  expect(tallies.flatMap(({ wrong }) => wrong).slice(0, 3)).toEqual([])
  expect({ X: total('X'), O: total('O'), draw: total('draw') }).toEqual({ X: 131_184, O: 77_904, draw: 46_080 })
  expect(total('X') + total('O') + total('draw')).toBe(255_168)
})

function replayShare(share: Share): Promise<Tally> {
  const { promise, resolve, reject } = Promise.withResolvers<Tally>()
  const worker = new Worker(new URL('_replay.ts', import.meta.url), { workerData: share, execArgv: [] })
  worker.once('message', resolve)
  worker.once('error', reject)
  worker.once('exit', (code) => reject(new Error(`the worker ended with ${code}`)))
  return promise
}

describe.each(dialects)('random games with $name', ({ dialect }) => {
  test('law: an illegal move changes neither board nor life cycle', () => {
    const engine = createEngine()
    const start = begin(engine, dialect)
    const odd = fc.constantFrom<JsonValue>(-1, 9, 1.5, '4', null, true, [4], { cell: 4 })
    const attempt = fc.record({
      player: fc.constantFrom<JsonValue>('X', 'O', 'Z', null),
      cell: fc.oneof(fc.nat(8), odd),
      by: fc.constantFrom<'X' | 'O'>('X', 'O'),
      early: fc.constantFrom(-1, 0, 0, 0, 1),
      round: fc.constantFrom<JsonValue>(0, 0, 0, 1, '0'),
    })
    fc.assert(
      fc.property(fc.array(attempt, { maxLength: 20 }), (attempts) => {
        attempts.reduce((table, { player, cell, by, early, round }) => {
          const { board, moveCount, status } = oracleState(table)
          if (!isJsonArray(board) || typeof moveCount !== 'number') throw new Error('the oracle holds no game')
          const payload = { player, cell, round, moveNum: moveCount + 1 + early }
          const turn = moveCount % 2 === 0 ? 'X' : 'O'
          const free =
            typeof cell === 'number' && Number.isInteger(cell) && cell >= 0 && cell <= 8 && board[cell] === null
          const isLegal =
            status === 'InProgress' && player === turn && by === turn && free && early === 0 && round === 0
          const next = play(engine, table, payload, by)
          expect(next !== undefined).toBe(isLegal)
          return next ?? table
        }, start)
      }),
      { numRuns: 60 },
    )
  })

  test('an illegal move leaves a receipt and nothing else', () => {
    const engine = createEngine()
    const table = begin(engine, dialect)
    const payload = { player: 'O', cell: 4, round: 0, moveNum: 1 }
    const outcome = engine.apply(table, eventOf('make_move', payload), [proofs.O], snapshotAt(2))
    const before = table.get(machineId)
    expect(outcome).toMatchObject({ outcome: 'aborted', reason: 'OracleInvocationFailed' })
    expect(outcome.outcome === 'aborted' && outcome.changed).toEqual([
      { ...before, previousUpdateOrdinal: 1, latestUpdateOrdinal: 2, lastReceipt: expect.anything() },
    ])
  })
})

function slots() {
  const scenario = readScenarios().find(({ name }) => name === 'tictactoe-slots')
  if (scenario === undefined) throw new Error('the scenario is gone')
  return scenario
}

/** The step with what our files hold in place of what the scenario does. */
function withOurRules(step: Step): Step {
  const { scriptProgram } = oracle
  const { vocabulary: _, ...definition } = machine.instantiate(oracleId)
  if (step.do === 'createScript') return { ...step, payload: { ...step.payload, scriptProgram } }
  return step.do === 'createMachine' ? { ...step, payload: { ...step.payload, definition } } : step
}

const overTheWire = (dialect: Dialect, message: Message): Message =>
  dialect.decode(JSON.parse(JSON.stringify(dialect.encode(message))))

const reasonOf = (outcome: ReturnType<Engine['apply']>): string => {
  if (outcome.outcome === 'rejected') return outcome.problems[0]?.code ?? ''
  return outcome.outcome === 'aborted' ? outcome.reason : ''
}

/** Levels of arrays and objects. */
const depthOf = (json: JsonValue): number =>
  typeof json === 'object' && json !== null ? 1 + Math.max(0, ...Object.values(json).map(depthOf)) : 0
