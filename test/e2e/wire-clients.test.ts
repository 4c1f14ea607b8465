import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { dropNulls } from '../../src/signing/canonical.ts'
import { ottochain, workchain } from '../devnet/fixtures.ts'
import { startDevnet } from '../devnet/kit.ts'
import type { Loose } from './_wire-client.ts'
import { call, envelopeOf, keyOf, reworded, rounds, upstream } from './_wire-client.ts'

// Written against the wire alone: no dialect, no chain, no signing of ours. The devnet is as poor as a real node.
async function startNodes(dialect: typeof workchain) {
  const devnet = await startDevnet({ dialect, extensions: false, snapshotMs: 15, lagOrdinals: 1 })
  const { l1Port, l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  return { l1: `http://127.0.0.1:${l1Port}`, l0: `http://127.0.0.1:${l0Port}` }
}

const [playerX, playerO] = [keyOf(1001), keyOf(1002)]

/** Reads until it is as it should be; what a client waits for in seconds is here asked for at once. */
async function pollUntil<T>(read: () => Promise<T>, enough: (seen: T) => boolean): Promise<T> {
  for (const endMs = performance.now() + 10_000; performance.now() < endMs; await sleep(10)) {
    const seen = await read()
    if (enough(seen)) return seen
  }
  throw new Error('It never came to be.')
}

/** @see Workchain terminal, November 2025: the oracle has this id because guards and dependencies name it */
const terminalOracle = '11111111-1111-1111-1111-111111111111'

/** The terminal's definitions, in the words and the normal form of its time. */
const terminal = {
  scriptProgram: reworded(upstream.scriptProgram, [
    ['"state.', '"content.'],
    ['{"var":"state"}', '{"var":"content"}'],
  ]),
  definition: {
    states: Object.fromEntries(
      Object.entries(upstream.definition.states).map(([key, { id, isFinal }]) => [
        key,
        { id: { value: id }, isFinal, metadata: null },
      ]),
    ),
    initialState: { value: upstream.definition.initialState },
    transitions: upstream.definition.transitions.map(({ from, to, eventName, guard, effect, dependencies }) => ({
      from: { value: from },
      to: { value: to },
      eventType: { value: eventName },
      guard: inTerminalWords(guard),
      effect: inTerminalWords(effect),
      dependencies: inTerminalWords(dependencies),
    })),
    metadata: null,
  },
}

function inTerminalWords(json: unknown): JsonValue {
  return reworded(json, [
    [`scripts.${upstream.oracle}`, `scriptOracles.${upstream.oracle}`],
    [upstream.oracle, terminalOracle],
    ['"_oracleCall":{"fiberId"', '"_oracleCall":{"cid"'],
    ['state.oracleFiberId', 'state.oracleCid'],
  ])
}

test('a Workchain-era terminal plays: three nodes at once, both proofs on everything, the checkpoint polled', async () => {
  const { l1, l0 } = await startNodes(workchain)
  const keys = [playerX, playerO]
  const machineId = crypto.randomUUID()
  const checkpoint = async () => (await call(`${l0}/data-application/checkpoint`)).json.state as Loose
  const machineOf = async () => (await checkpoint()).stateMachines[machineId]

  /** Three nodes are posted to at once; here all three are one, so it has to stand each message thrice. */
  const post = async (message: JsonObject) => {
    const envelope = await envelopeOf(message, keys)
    const hashed = await call(`${l1}/data-application/util/hash`, envelope)
    expect(hashed.json['protocol message']).toEqual(message) // a node reads it as it was signed
    const answers = await Promise.all([1, 2, 3].map(() => call(`${l1}/data`, envelope)))
    expect(answers.map(({ json }) => json.hash)).toContain(hashed.json['protocol message hash'])
  }
  const send = async (eventType: string, payload: JsonObject, expectedState?: string) => {
    const before = (await machineOf()).sequenceNumber
    const event = { eventType: { value: eventType }, payload, idempotencyKey: null }
    await post({ ProcessFiberEvent: { cid: machineId, event } })
    return pollUntil(
      machineOf,
      ({ sequenceNumber, currentState }) =>
        sequenceNumber > before && (expectedState === undefined || currentState.value === expectedState),
    )
  }
  const play = async (moves: readonly (readonly [string, number])[]) => {
    for (const [player, cell] of moves) await send('make_move', { player, cell })
    return (await checkpoint()).scriptOracles[terminalOracle]
  }

  await post({
    CreateScriptOracle: {
      cid: terminalOracle,
      scriptProgram: terminal.scriptProgram,
      initialState: upstream.initialState,
      accessControl: { Public: {} },
    },
  })
  await pollUntil(checkpoint, ({ scriptOracles }) => scriptOracles[terminalOracle]?.status === 'Active')
  await post({
    CreateStateMachineFiber: {
      cid: machineId,
      definition: terminal.definition as unknown as JsonValue,
      initialData: { oracleCid: terminalOracle, roundCount: 0 },
      parentFiberId: null,
    },
  })
  const created = await pollUntil(machineOf, (machine) => machine?.status === 'Active')
  expect(created).toMatchObject({ sequenceNumber: 0, currentState: { value: 'setup' } })
  expect(new Set(created.owners)).toEqual(new Set(keys.map(({ address }) => address)))

  const gameId = crypto.randomUUID()
  await send('start_game', { playerX: playerX.address, playerO: playerO.address, gameId }, 'playing')
  const won = await play(rounds.won)
  expect(won).toMatchObject({ stateData: { status: 'Won', winner: 'X', moveCount: 5, gameId }, invocationCount: 6 })
  expect(won.invocationLog.map(({ method }: Loose) => method)).toEqual([...Array(5).fill('makeMove'), 'initialize'])
  expect(await send('reset_board', {}, 'playing')).toMatchObject({ stateData: { roundCount: 1 } })
  expect(await play(rounds.drawn)).toMatchObject({ stateData: { status: 'Draw', moveCount: 9 } })
  await send('reset_board', {}, 'playing')
  const cancelled = await send('cancel_game', { requestedBy: playerX.address, reason: 'enough' }, 'cancelled')
  expect(cancelled).toMatchObject({ sequenceNumber: 18, stateData: { cancelReason: 'enough', roundCount: 2 } })
})

test("today's runner plays: targets, wrapped messages, entity and snapshots polled, then the Data L1's commits", async () => {
  const { l1, l0 } = await startNodes(ottochain)
  const [oracleId, machineId] = [crypto.randomUUID(), crypto.randomUUID()]
  const inRunnerWords = (json: unknown) => reworded(json, [[upstream.oracle, oracleId]])
  const machines = `${l0}/data-application/v1/state-machines`
  const machineOf = async () => (await call(`${machines}/${machineId}`)).json as Loose
  const latest = async () => (await call(`${l0}/snapshots/latest`)).json.value.ordinal as number

  const post = async (message: JsonObject) => {
    const envelope = await envelopeOf(message, [playerX, playerO], dropNulls(message))
    return call(`${l1}/data`, { data: envelope, fee: null })
  }
  const untilCommitted = (fiberId: string, sequenceNumber: number) =>
    pollUntil(
      async () => (await call(`${l1}/data-application/v1/onchain`)).json.fiberCommits[fiberId],
      (commit) => commit !== undefined && commit.sequenceNumber >= sequenceNumber,
    )
  const send = async (eventName: string, payload: JsonObject) => {
    const firstOrdinal = await latest()
    for (let tries = 0; tries < 3; tries++) {
      const { sequenceNumber: targetSequenceNumber } = await machineOf()
      const message = { fiberId: machineId, eventName, payload, targetSequenceNumber }
      const { status } = await post({ TransitionStateMachine: message })
      if (status === 400) continue
      const moved = await pollUntil(machineOf, ({ sequenceNumber }) => sequenceNumber > targetSequenceNumber)
      expect(moved).toMatchObject({
        sequenceNumber: targetSequenceNumber + 1,
        lastReceipt: { success: true, eventName },
      })
      expect(await latest()).toBeGreaterThan(firstOrdinal)
      await untilCommitted(machineId, moved.sequenceNumber)
      return moved
    }
    throw new Error(`${eventName} was refused three times.`)
  }
  const play = async (moves: readonly (readonly [string, number])[]) => {
    for (const [player, cell] of moves) await send('make_move', { player, cell })
    return (await call(`${l0}/data-application/v1/oracles/${oracleId}`)).json
  }

  const script = { fiberId: oracleId, scriptProgram: upstream.scriptProgram, initialState: upstream.initialState }
  expect((await post({ CreateScript: { ...script, accessControl: { Public: {} } } })).status).toBe(200)
  await untilCommitted(oracleId, 0)
  const states = Object.fromEntries(
    Object.entries(upstream.definition.states).map(([key, state]) => [key, { ...state, metadata: null }]),
  )
  const { initialState, transitions } = upstream.definition
  const definition = { states, initialState, transitions: inRunnerWords(transitions), metadata: null }
  const machine = { fiberId: machineId, definition, parentFiberId: null }
  const initialData = { oracleFiberId: oracleId, roundCount: 0 }
  expect((await post({ CreateStateMachine: { ...machine, initialData } })).status).toBe(200)
  await untilCommitted(machineId, 0)
  await pollUntil(machineOf, (seen) => seen?.status === 'ACTIVE')

  const gameId = crypto.randomUUID()
  await send('start_game', { playerX: playerX.address, playerO: playerO.address, gameId })
  expect(await play(rounds.won)).toMatchObject({ stateData: { status: 'Won', winner: 'X', moveCount: 5, gameId } })
  expect(await send('reset_board', {})).toMatchObject({ currentState: 'playing', stateData: { roundCount: 1 } })
  expect(await play(rounds.drawn)).toMatchObject({ stateData: { status: 'Draw', winner: null, moveCount: 9 } })
  await send('reset_board', {})
  const cancelled = await send('cancel_game', { requestedBy: playerO.address, reason: 'enough' })
  expect(cancelled).toMatchObject({ currentState: 'cancelled', sequenceNumber: 18 })

  // What went before is refused by name, with the number that it came too late with.
  const late = {
    fiberId: machineId,
    eventName: 'make_move',
    payload: { player: 'X', cell: 0 },
    targetSequenceNumber: 3,
  }
  const refused = await post({ TransitionStateMachine: late })
  expect(refused).toMatchObject({ status: 400, json: { code: 3, retriable: false } })
  expect(refused.json.details.reason).toContain('SequenceNumberMismatch')
})
