import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { winningMoves } from '../games.ts'
import type { Running } from './_nodes.ts'
import { freePorts, runReady } from './_nodes.ts'
import { settingsIn } from './_process.ts'
import type { Answer } from './_service.ts'
import { client } from './_service.ts'

const games = 100
const atOnce = 30
const ledgerDiesAfter = 120 // moves that were answered, of 500
const bridgeDiesAfter = 280

/** A ledger and a bridge, each a process of its own, that come back at the same addresses when they are killed. */
async function startPair(dialect: string) {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  const [l1 = 0, l0 = 0, port = 0] = await freePorts(3)
  const settings = {
    ...settingsIn(dir),
    OTTO_DIALECT: dialect,
    OTTO_PORT: String(port),
    OTTO_DEVNET_L1_PORT: String(l1),
    OTTO_DEVNET_L0_PORT: String(l0),
    OTTO_DEVNET_EXTENSIONS: 'off',
  }
  const startLedger = () => runReady(['ledger', 'dev'], settings)
  const startBridge = () =>
    runReady(['serve'], {
      ...settings,
      OTTO_DEVNET_L1_PORT: '0',
      OTTO_DEVNET_L0_PORT: '0',
      OTTO_L1_URL: `http://127.0.0.1:${l1}`,
      OTTO_L0_URL: `http://127.0.0.1:${l0}`,
    })
  const running: { ledger: Running; bridge: Running } = { ledger: await startLedger(), bridge: await startBridge() }
  onTestFinished(async () => {
    await Promise.all([running.bridge.kill('SIGKILL'), running.ledger.kill('SIGKILL')])
    await rm(dir, { recursive: true, force: true })
  })
  return {
    running,
    url: `http://127.0.0.1:${port}`,
    l0: `http://127.0.0.1:${l0}`,
    async replaceLedger() {
      await running.ledger.kill('SIGKILL')
      running.ledger = await startLedger()
    },
    async replaceBridge() {
      await running.bridge.kill('SIGKILL')
      running.bridge = await startBridge()
    },
  }
}

type Call = (tool: string, args: object) => Promise<Answer['body'] | undefined>

/** Answers that say: not now. Whoever gets one of them asks again. */
const again = [
  'LEDGER_UNREACHABLE',
  'CIRCUIT_OPEN',
  'OUTCOME_UNKNOWN',
  'CONFIRMATION_PENDING',
  'DEADLINE_EXCEEDED',
  'GAME_BUSY',
  'SHUTTING_DOWN',
]

/** Undefined where the bridge was gone before it answered. */
const caller =
  (url: string): Call =>
  (tool, args) =>
    client(url)
      .call(tool, args)
      .then(
        ({ body }) => body,
        () => undefined,
      )

/** Asks until the answer is one that stays, `done` says that it is not needed any more, or a minute is over. */
async function insist(call: Call, tool: string, args: object, done?: (code: string) => boolean) {
  for (const endMs = performance.now() + 60_000; performance.now() < endMs; await sleep(100)) {
    const body = await call(tool, args)
    if (body?.success === true) return body.result
    if (body === undefined || again.includes(body.code)) continue
    if (done?.(`${body.code} ${body.details['reason']}`)) return undefined
    throw new Error(`${tool} ${JSON.stringify(args)}: ${JSON.stringify(body)}`)
  }
  throw new Error(`${tool} was never answered.`)
}

/** Plays one game to its end; `onMove` is told of each move that was answered. */
async function playGame(call: Call, onMove: () => void) {
  const game = await insist(call, 'ttt_create_game', { idempotencyKey: crypto.randomUUID() })
  const gameId = game?.gameId ?? ''
  await insist(call, 'ttt_start_game', { gameId }, (code) => code === 'STATE_ERROR already_started')
  for (const [index, [player, cell]] of winningMoves.entries()) {
    // Whoever was not answered and asks again may learn that the move stands already, or that it ended the round.
    const view = await insist(call, 'ttt_make_move', { gameId, player, cell }, (code) =>
      ['INVALID_MOVE already_applied', 'STATE_ERROR finished'].includes(code),
    )
    const { moveCount } = view ?? (await insist(call, 'ttt_get_state', { gameId })) ?? {}
    expect(moveCount).toBe(index + 1)
    onMove()
  }
  return gameId
}

test.each(['workchain', 'ottochain'] as const)(
  'a hundred games on a %s ledger in another process, each killed in turn: nothing answered is lost, nothing runs twice',
  { timeout: 120_000 },
  async (name) => {
    const pair = await startPair(name)
    const call = caller(pair.url)
    let answered = 0
    const deaths: Promise<void>[] = []
    const onMove = () => {
      answered += 1
      if (answered === ledgerDiesAfter) deaths.push(pair.replaceLedger())
      if (answered === bridgeDiesAfter) deaths.push(pair.replaceBridge())
    }
    const played: string[] = []
    const left = Array.from({ length: games }, (_, index) => index)
    await Promise.all(
      Array.from({ length: atOnce }, async () => {
        while (left.pop() !== undefined) played.push(await playGame(call, onMove))
      }),
    )
    await Promise.all(deaths)
    expect(deaths).toHaveLength(2)
    expect(new Set(played).size).toBe(games)
    const views = []
    for (const gameId of played) views.push(await insist(call, 'ttt_get_state', { gameId }))
    const checkpoint = await readCheckpoint(pair.l0, name)
    for (const view of views) {
      expect(view).toMatchObject({ machineState: 'finished', status: 'Won', winner: 'X', moveCount: 5 })
      expect(view?.moveHistory.map(({ player, cell }) => [player, cell])).toEqual(winningMoves)
      // The ledger's own counts: the start and five moves ran once each, whatever was sent how often.
      expect(checkpoint.machine(view?.machineId ?? '').sequenceNumber).toBe(6)
      expect(checkpoint.script(view?.oracleId ?? '').sequenceNumber).toBe(6)
    }
    expect(await pair.running.bridge.kill('SIGTERM')).toBe(0)
    expect(await pair.running.ledger.kill('SIGTERM')).toBe(0)
  },
)

const agent = new Agent({ keepAliveTimeout: 1_000 })

async function readCheckpoint(l0: string, name: 'workchain' | 'ottochain') {
  const dialect = createDialect(name)
  const answer = await request(`${l0}${dialect.prefix}/checkpoint`, { dispatcher: agent })
  const { state = null } = (await answer.body.json()) as JsonObject
  return {
    machine: (id: string) => dialect.readMachine(dialect.findFiber(state, 'machine', id) ?? null),
    script: (id: string) => dialect.readScript(dialect.findFiber(state, 'script', id) ?? null),
  }
}
