import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { gameIdOf, oracleIdOf } from '../../src/tictactoe/ids.ts'
import { closedAddress } from '../chain/loopback-node.ts'
import { ottochain } from '../devnet/fixtures.ts'
import { createManualClock, startDevnet } from '../devnet/kit.ts'
import { winningMoves } from '../games.ts'
import type { Behaviour } from './_bad-nodes.ts'
import { badBehaviours, badTakers, lostAnswers, openBadNode, works } from './_bad-nodes.ts'
import type { Answer, Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const deadlineMs = 2_000
const slackMs = 1_000 // of a machine with other work to do

/** A service beside a ledger that works: what really happened is asked here. */
let truth: Service
let good: { readonly l1: string; readonly l0: string }
beforeAll(async () => {
  truth = await startService({ OTTO_DEVNET_EXTENSIONS: 'off' })
  const { l1Port, l0Port } = truth.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'devnet ports')
  good = { l1: `http://127.0.0.1:${l1Port}`, l0: `http://127.0.0.1:${l0Port}` }
})
afterAll(() => truth.close())

/** Plays with the same wallets through the nodes given. */
async function withBridge(
  nodes: { l1: string; l0: string },
  work: (bridge: Service) => Promise<void>,
  dialect = 'workchain',
) {
  const bridge = await startService({
    OTTO_DIALECT: dialect,
    OTTO_L1_URL: nodes.l1,
    OTTO_L0_URL: nodes.l0,
    OTTO_WALLET_DIR: join(truth.dir, 'wallets'),
    OTTO_TOOL_DEADLINE_MS: String(deadlineMs),
    OTTO_LOG_LEVEL: 'silent',
  })
  try {
    await work(bridge)
  } finally {
    await bridge.close()
  }
}

/** A call that has to be answered in time, and whose code and outcome have to fit each other and the status. */
async function timed(bridge: Service, tool: string, args: object): Promise<Answer['body']> {
  const startMs = performance.now()
  const { body } = await bridge.call(tool, args)
  expect(performance.now() - startMs).toBeLessThan(deadlineMs + slackMs)
  return body
}

/** What was said, and what the good ledger holds: `not_submitted` and `rejected` are promises. */
async function createTruly(bridge: Service): Promise<string> {
  const idempotencyKey = crypto.randomUUID()
  const body = await timed(bridge, 'ttt_create_game', { idempotencyKey })
  const oracleId = oracleIdOf(gameIdOf('workchain', '127.0.0.1', idempotencyKey))
  const oracle = await request(`${good.l0}/data-application/oracles/${oracleId}`)
  const exists = (await oracle.body.json()) !== null
  if (body.success) expect(exists).toBe(true)
  if (['not_submitted', 'rejected'].includes(body.outcome)) expect(exists).toBe(false)
  return wordOf(body)
}

async function moveTruly(bridge: Service, gameId: string): Promise<string> {
  const body = await timed(bridge, 'ttt_make_move', { gameId, player: 'X', cell: 4 })
  const { moveCount } = await truth.result('ttt_get_state', { gameId })
  if (body.success) expect(moveCount).toBe(1)
  if (['not_submitted', 'rejected'].includes(body.outcome)) expect(moveCount).toBe(0)
  return wordOf(body)
}

const wordOf = (body: Answer['body']): string => (body.success ? 'success' : `${body.code} ${body.outcome}`)

const unreachable = 'LEDGER_UNREACHABLE not_submitted'
const unknown = 'OUTCOME_UNKNOWN unknown'
/** After the fifth failure in a row. */
const leftAlone = 'CIRCUIT_OPEN not_submitted'

/** Behind a Data L1 that behaves so, whatever is sent ends so. */
async function checkL1(l1: string, expected: string) {
  const { gameId } = await startedGame(truth)
  await withBridge({ ...good, l1 }, async (bridge) => {
    const said = await Promise.all([createTruly(bridge), moveTruly(bridge, gameId)])
    expect(said).toEqual([expected, expected])
    expect(await timed(bridge, 'ttt_get_state', { gameId })).toMatchObject({ success: true })
  })
}

const l1Rows = Object.entries({ ...badBehaviours, ...badTakers, ...lostAnswers }).map(([name, behaviour]) => ({
  name,
  behaviour,
  expected: expectedOfL1(name),
}))

function expectedOfL1(name: string): string {
  if (name in lostAnswers) return 'success'
  if (name === 'redirects') return 'LEDGER_REFUSED rejected' // not followed: an operator gave the wrong address
  return name === 'is overrun' ? unreachable : unknown
}

describe.concurrent('a Data L1 that', () => {
  test.each(l1Rows)('$name: $expected', async ({ behaviour, expected }) => {
    const node = await openBadNode(good.l1, () => behaviour)
    await checkL1(node.url, expected).finally(() => node.close())
  })

  test(`refuses connections: ${unreachable}`, async () => {
    const games = await Promise.all([1, 2, 3].map(() => startedGame(truth)))
    await withBridge({ ...good, l1: await closedAddress() }, async (bridge) => {
      const said = await Promise.all([createTruly(bridge), ...games.map(({ gameId }) => moveTruly(bridge, gameId))])
      // Where time is up in the middle of a connect, nobody can know.
      for (const word of said) expect([unreachable, leftAlone, unknown]).toContain(word)
      expect(said.some((word) => word !== unknown)).toBe(true)
    })
  })
})

/** Longer than the deadline. */
const isSlow = (name: string) => ['hangs', 'drips', 'half'].some((word) => name.includes(word))

/** Behind an L0 that cannot be read nothing is sent. */
async function checkL0(l0: string) {
  const { gameId } = await startedGame(truth)
  await withBridge({ ...good, l0 }, async (bridge) => {
    const read = async () => wordOf(await timed(bridge, 'ttt_get_state', { gameId }))
    const said = await Promise.all([createTruly(bridge), moveTruly(bridge, gameId), read()])
    for (const word of said) expect([unreachable, leftAlone, 'DEADLINE_EXCEEDED not_submitted']).toContain(word)
  })
}

describe.concurrent('a metagraph L0 that', () => {
  test.each(Object.entries(badBehaviours))('%s: nothing is sent', async (_, behaviour) => {
    const node = await openBadNode(good.l0, () => behaviour)
    await checkL0(node.url).finally(() => node.close())
  })

  test('refuses connections: nothing is sent', async () => checkL0(await closedAddress()))

  test.each(Object.entries(badBehaviours))('%s once the message is taken: pending', async (name, behaviour) => {
    const { gameId } = await startedGame(truth)
    const state: { l0: Behaviour } = { l0: works }
    const l1 = await openBadNode(good.l1, () => async (asked, response, forward) => {
      state.l0 = behaviour
      await works(asked, response, forward)
    })
    const l0 = await openBadNode(good.l0, () => state.l0)
    try {
      await withBridge({ l1: l1.url, l0: l0.url }, async (bridge) => {
        const move = { gameId, player: 'X', cell: 4 }
        expect(wordOf(await timed(bridge, 'ttt_make_move', move))).toBe('CONFIRMATION_PENDING pending')
        state.l0 = works
        // The same request again finds that it was played, once the reads that were on their way have ended and the L0
        // is asked again after its failures.
        for (const endMs = performance.now() + 15_000; ; ) {
          const said = await timed(bridge, 'ttt_make_move', move)
          if (said.success) expect(said).toMatchObject({ result: { moveCount: 1 } })
          else expect(said.outcome).not.toBe('rejected')
          if (said.success || isSlow(name)) break
          expect(performance.now()).toBeLessThan(endMs)
          await sleep(100)
        }
        expect((await truth.result('ttt_get_state', { gameId })).moveCount).toBe(1)
      })
    } finally {
      await Promise.all([l1.close(), l0.close()])
    }
  })
})

describe.concurrent('with a second address that works', () => {
  test.each(Object.entries(badBehaviours))('an L0 that %s keeps no read away', async (name, behaviour) => {
    // Such answers are whole and not 5xx: the node is taken at its word.
    const isBelieved = ['junk', 'HTML', 'nothing', 'another kind', 'redirects'].some((word) => name.includes(word))
    const { gameId } = await startedGame(truth)
    const node = await openBadNode(good.l0, () => behaviour)
    try {
      await withBridge({ l1: good.l1, l0: `${node.url},${good.l0}` }, async (bridge) => {
        const said = await timed(bridge, 'ttt_get_state', { gameId })
        if (isBelieved || isSlow(name))
          expect([unreachable, leftAlone, 'DEADLINE_EXCEEDED not_submitted']).toContain(wordOf(said))
        else expect(said).toMatchObject({ success: true })
      })
    } finally {
      await node.close()
    }
  })
})

describe('finality', () => {
  const openNodes = async (options: Parameters<typeof startDevnet>[0]) => {
    const devnet = await startDevnet({ extensions: false, ...options })
    const { l1Port, l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
    return { l1: `http://127.0.0.1:${l1Port}`, l0: `http://127.0.0.1:${l0Port}` }
  }

  test('slower than the deadline: pending, and the same request again finds what became of it', async () => {
    const { clock, tick } = createManualClock()
    const nodes = await openNodes({ clock, snapshotMs: 60_000 })
    await withBridge(nodes, async (bridge) => {
      const request = { idempotencyKey: crypto.randomUUID() }
      expect(wordOf(await timed(bridge, 'ttt_create_game', request))).toBe('CONFIRMATION_PENDING pending')
      tick() // the oracle is there
      expect(wordOf(await timed(bridge, 'ttt_create_game', request))).toBe('CONFIRMATION_PENDING pending')
      tick() // the machine too
      const created = await timed(bridge, 'ttt_create_game', request)
      expect(created).toMatchObject({ success: true, result: { machineState: 'setup' } })
    })
  })

  test('a Data L1 that knows more than the L0 shows: its refusal of the same bytes says nothing of the first', async () => {
    const { clock, tick } = createManualClock()
    const nodes = await openNodes({ dialect: ottochain, clock, snapshotMs: 60_000, lagOrdinals: 1 })
    await withBridge(
      nodes,
      async (bridge) => {
        // Each message needs a snapshot to be made, and one more for the L0 to show it.
        const key = { idempotencyKey: crypto.randomUUID() }
        const until = async (tool: string, args: object) => {
          for (let calls = 0; calls < 8; calls++) {
            const body = await timed(bridge, tool, args)
            if (body.success) return body.result
            if (body.details['reason'] === 'already_started') return body.result // by the first of the two
            expect(body.code).not.toBe('LEDGER_REFUSED')
            tick()
          }
          throw new Error(`${tool} was never answered.`)
        }
        const { gameId } = await until('ttt_create_game', key)
        await until('ttt_start_game', { gameId })
        expect(await until('ttt_make_move', { gameId, player: 'X', cell: 4 })).toMatchObject({ moveCount: 1 })
      },
      'ottochain',
    )
  }, 30_000)

  test('three snapshots behind: whoever was answered reads no older state', async () => {
    const nodes = await openNodes({ snapshotMs: 15, lagOrdinals: 3 })
    await withBridge(nodes, async (bridge) => {
      const { gameId } = await startedGame(bridge)
      for (const [index, [player, cell]] of winningMoves.entries()) {
        await bridge.result('ttt_make_move', { gameId, player, cell })
        expect((await bridge.result('ttt_get_state', { gameId })).moveCount).toBe(index + 1)
      }
      const { state } = (await (await request(`${nodes.l0}/data-application/checkpoint`)).body.json()) as JsonObject
      expect(JSON.stringify(state)).toContain('"Won"')
    })
  })
})
