import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CrashPoint } from '../../src/core/crash-point.ts'
import type { Mortal, MortalLedger } from '../fire/processes.ts'
import { startBridge, startLedger } from '../fire/processes.ts'
import { readTruth } from '../fire/truth.ts'
import { winningMoves } from '../games.ts'
import type { Answer } from './_service.ts'
import { client } from './_service.ts'

let dir: string
let ledger: MortalLedger
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-'))
  ledger = await startLedger(dir)
  // The first bridge makes the wallets that all of them share.
  const first = await startBridge(dir, 'first', ledger)
  await first.kill('SIGTERM')
}, 60_000)
afterAll(async () => {
  await ledger.kill('SIGKILL')
  await rm(dir, { recursive: true, force: true })
})

/** One write of a game. */
type Write = { readonly tool: string; readonly args: object; readonly key: string | undefined }

/** A bridge that dies once, and a caller that sends the same request again when that happens. */
function createCaller(bridge: Mortal, afterDeath: () => Promise<void>) {
  const told: { write: Write; body: Answer['body'] }[] = []
  let deaths = 0
  const send = ({ tool, args, key }: Write) =>
    client(bridge.url).call(tool, args, key === undefined ? {} : { 'idempotency-key': key })
  return {
    told,
    deaths: () => deaths,
    send,
    async write(write: Write): Promise<Answer['body']> {
      for (let attempt = 0; attempt < 5; attempt++) {
        const answer = await send(write).catch(() => undefined)
        if (answer === undefined) {
          deaths += 1
          await afterDeath()
          continue
        }
        told.push({ write, body: answer.body })
        return answer.body
      }
      throw new Error(`${write.tool} was never answered.`)
    },
  }
}
type Caller = ReturnType<typeof createCaller>

/** Plays a whole game; a repeat without a key may be told that its own first attempt stands. */
async function playWhole(caller: Caller, isKeyed: boolean) {
  const key = () => (isKeyed ? crypto.randomUUID() : undefined)
  const made = await caller.write({ tool: 'ttt_create_game', args: {}, key: key() })
  expect(made).toMatchObject({ success: true })
  const { gameId } = made.result
  await expectDone(caller, { tool: 'ttt_start_game', args: { gameId }, key: key() }, 'already_started')
  for (const [index, [player, cell]] of winningMoves.entries()) {
    const last = index === winningMoves.length - 1
    const write = { tool: 'ttt_make_move', args: { gameId, player, cell }, key: key() }
    await expectDone(caller, write, last ? 'finished' : 'already_applied')
    const { body } = await caller.send({ tool: 'ttt_get_state', args: { gameId }, key: undefined })
    expect(body.success, JSON.stringify(body)).toBe(true)
    expect(body.result.moveHistory.map((move) => [move.player, move.cell])).toEqual(winningMoves.slice(0, index + 1))
  }
  return gameId
}

async function expectDone(caller: Caller, write: Write, standing: string): Promise<void> {
  const deathsBefore = caller.deaths()
  const body = await caller.write(write)
  if (body.success) return
  expect(caller.deaths() - deathsBefore, JSON.stringify(body)).toBeGreaterThan(0)
  expect(write.key, JSON.stringify(body)).toBeUndefined()
  expect(body.details['reason']).toBe(standing)
}

/** The ledger ran the start and each move once, and every key still gives the answer that it gave first. */
async function expectOnce(caller: Caller, gameId: string): Promise<void> {
  const { body } = await caller.send({ tool: 'ttt_get_state', args: { gameId }, key: undefined })
  expect(body.result).toMatchObject({ machineState: 'finished', winner: 'X', moveCount: winningMoves.length })
  const truth = await readTruth(ledger.l0)
  expect(truth.machineEvents(body.result.machineId)).toBe(1 + winningMoves.length)
  expect(truth.scriptEvents(body.result.oracleId)).toBe(1 + winningMoves.length)
  for (const { write, body: first } of caller.told) {
    if (write.key === undefined) continue
    const again = await caller.send(write)
    expect(again.body).toEqual({ ...first, traceId: again.body.traceId, replayed: true })
  }
}

const places = ['before-intent', 'after-intent', 'before-submit', 'after-submit', 'receipt', 'before-reply'] as const

/**
 * A whole game with keys passes each place seven or eight times. The first of these deaths is in its create, the second
 * in its first moves, and the third among the moves of a second game, which is played without keys.
 */
const passings = [1, 3, 8]

test.each(places)('plays on after deaths at %s, and each move stands once', { timeout: 90_000 }, async (place) => {
  const [first, ...others] = passings.map((count) => ({ OTTO_TEST_CRASHPOINT: `${place}:${count}` }))
  const bridge = await startBridge(dir, place, ledger, first)
  try {
    const caller = createCaller(bridge, async () => {
      await bridge.kill('SIGKILL')
      await bridge.revive(others.shift())
    })
    const keyed = await playWhole(caller, true)
    expect(caller.deaths()).toBe(2)
    const blind = await playWhole(caller, false)
    expect(caller.deaths()).toBe(3)
    await expectOnce(caller, keyed)
    await expectOnce(caller, blind)
    expect(await bridge.kill('SIGTERM')).toBe(0)
  } finally {
    await bridge.kill('SIGKILL')
  }
})

test.each<{ place: CrashPoint; count: number; dies: string; what: string }>([
  { place: 'recovery-read', count: 1, dies: 'after-submit:5', what: 'the move was sent' },
  { place: 'recovery-resolve', count: 1, dies: 'after-submit:5', what: 'the move was sent' },
  { place: 'recovery-resolve', count: 2, dies: 'before-submit:5', what: 'nothing was sent' },
])('a death at $place:$count of the recovery changes nothing: $what', { timeout: 90_000 }, async (death) => {
  const { place, count, dies } = death
  const bridge = await startBridge(dir, `${place}-${count}`, ledger, { OTTO_TEST_CRASHPOINT: dies })
  try {
    const caller = createCaller(bridge, async () => {
      await bridge.kill('SIGKILL')
      // Without a ledger the fate stays open, so that the place is passed again and again.
      if (count > 1) await ledger.kill('SIGKILL')
      await dieOnceMore(bridge, `${place}:${count}`)
      if (count > 1) await ledger.revive()
      await bridge.revive()
    })
    const gameId = await playWhole(caller, true)
    expect(caller.deaths()).toBe(1)
    await expectOnce(caller, gameId)
  } finally {
    await bridge.kill('SIGKILL')
  }
})

/** Dies before it is ready, or soon after, with nobody asking for anything. */
async function dieOnceMore(bridge: Mortal, crashPoint: string): Promise<void> {
  const isReady = await bridge.revive({ OTTO_TEST_CRASHPOINT: crashPoint }).then(
    () => true,
    () => false,
  )
  const isGone = () =>
    client(bridge.url)
      .get('/health/live')
      .then(
        () => false,
        () => true,
      )
  if (isReady) await expect.poll(isGone, slowly).toBe(true)
}

const slowly = { timeout: 30_000, interval: 50 }
