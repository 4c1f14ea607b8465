import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { request } from 'undici'
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { LiveRecord } from '../../src/live/live.ts'
import { drawnMoves, winningMoves } from '../games.ts'
import { openEvents } from '../http/_event-stream.ts'
import { freePorts } from './_nodes.ts'
import { serve } from './_process.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const patience = { timeout: 30_000, interval: 20 }

const open = async (url: string, path: string, after?: string) => {
  const headers: Record<string, string> = after === undefined ? {} : { 'last-event-id': after }
  const events = await openEvents(Number(new URL(url).port), path, headers)
  onTestFinished(() => void events.hangUp())
  return events
}
const eventsOf = (gameId: string): string => `/otto/games/${gameId}/events`

/** What happened in the game, without how writes got on. */
const steps = (records: readonly LiveRecord[]) => records.filter(({ type }) => type !== 'intent')
const stepTypes = (records: readonly LiveRecord[]) => steps(records).map(({ type }) => type)
const cellsOf = (records: readonly LiveRecord[]) =>
  records.flatMap((record) => (record.type === 'move_made' ? record.move.cell : []))

describe('one service', () => {
  let service: Service
  beforeAll(async () => {
    service = await startService()
  })
  afterAll(() => service.close())

  const play = async (gameId: string, moves: readonly (readonly [string, number])[]) => {
    for (const [player, cell] of moves) await service.result('ttt_make_move', { gameId, player, cell })
  }

  test('a whole game, as another client plays it: every record, in order', async () => {
    const all = await open(service.url, '/otto/events')
    const { gameId } = await service.result('ttt_create_game')
    const events = await open(service.url, eventsOf(gameId))
    await service.result('ttt_start_game', { gameId })
    await play(gameId, winningMoves)
    await service.result('ttt_reset_board', { gameId })
    await service.result('ttt_cancel_game', { gameId, reason: 'enough' })
    const types = [
      'game_started',
      ...winningMoves.map(() => 'move_made'),
      'game_ended',
      'board_reset',
      'game_cancelled',
    ]
    await vi.waitFor(() => expect(stepTypes(events.data())).toEqual(['game', ...types]), patience)
    await vi.waitFor(() => expect(stepTypes(all.data())).toEqual(['game_created', ...types]), patience)
    expect(cellsOf(events.data())).toEqual(winningMoves.map(([, cell]) => cell))
    const state = (await service.get(`/otto/games/${gameId}/state`)).body
    expect(steps(events.data()).at(-1)).toMatchObject({ gameId, game: state })
    const sequences = events.data().map(({ id }) => Number(id.split('-')[1]))
    expect(sequences).toEqual([...new Set(sequences)].toSorted((one, other) => one - other))
  })

  test('a move: how far its write is, then the move, with the hash that its caller was told', async () => {
    const { gameId } = await startedGame(service)
    const events = await open(service.url, eventsOf(gameId))
    const { hash, moveHistory } = await service.result('ttt_make_move', { gameId, player: 'X', cell: 4 })
    await vi.waitFor(() => expect(events.types()).toContain('move_made'), patience)
    const [, ...records] = events.data()
    const states = records.flatMap((record) => (record.type === 'intent' ? record.intent.state : []))
    expect(states).toEqual(['submitting', 'accepted', 'confirmed'])
    expect(records.at(-1)).toMatchObject({ type: 'move_made', move: { ...moveHistory[0], hash } })
  })

  test('a watcher who loses its connection again and again loses no record, and gets none twice', async () => {
    const { gameId } = await startedGame(service)
    const records: LiveRecord[] = []
    const isOver = () => stepTypes(records).filter((type) => type === 'game_ended').length === 2
    const watch = async () => {
      while (!isOver()) {
        const before = records.length
        const events = await open(service.url, eventsOf(gameId), records.at(-1)?.id)
        await vi.waitFor(() => expect(events.data().length).toBeGreaterThan(0), patience)
        events.hangUp()
        records.push(...events.data())
        expect(records.length).toBeGreaterThan(before)
      }
    }
    const watching = watch()
    await play(gameId, drawnMoves)
    await service.result('ttt_reset_board', { gameId })
    await play(gameId, winningMoves)
    await watching
    const [first, ...rest] = stepTypes(records)
    expect(first).toBe('game')
    expect(rest.filter((type) => type === 'board_reset')).toHaveLength(1)
    expect(rest).not.toContain('game')
    expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
    const told = cellsOf(records)
    const played = [...drawnMoves, ...winningMoves].map(([, cell]) => cell)
    // What had been played when the first stream began is in its first record.
    expect(told).toEqual(played.slice(played.length - told.length))
    expect(steps(records)[0]).toMatchObject({ game: { moveCount: played.length - told.length } })
  })

  test('the streams that are open are counted', async () => {
    const { gameId } = await startedGame(service)
    const metrics = async () => (await request(`${service.url}/metrics`)).body.text()
    const events = await open(service.url, eventsOf(gameId))
    expect(await metrics()).toMatch(/^otto_watchers [1-9]/m)
    events.hangUp()
  })
})

describe('two services on one ledger', () => {
  test('each shows what is played at the other', async () => {
    const [l1 = 0, l0 = 0] = await freePorts(2)
    const embedded = await startService({ OTTO_DEVNET_L1_PORT: String(l1), OTTO_DEVNET_L0_PORT: String(l0) })
    onTestFinished(() => embedded.close())
    const remote = await startService({
      OTTO_L1_URL: `http://127.0.0.1:${l1}`,
      OTTO_L0_URL: `http://127.0.0.1:${l0}`,
    })
    onTestFinished(() => remote.close())
    for (const [here, there] of [
      [embedded, remote],
      [remote, embedded],
    ] as const) {
      const all = await open(here.url, '/otto/events')
      const { gameId } = await startedGame(there)
      const ofGame = () => all.data().filter((record) => record.gameId === gameId)
      await vi.waitFor(() => expect(stepTypes(ofGame())).toEqual(['game_created', 'game_started']), patience)
      const events = await open(here.url, eventsOf(gameId))
      for (const [player, cell] of winningMoves) await there.result('ttt_make_move', { gameId, player, cell })
      const moves = winningMoves.map(() => 'move_made')
      await vi.waitFor(() => expect(events.types()).toEqual(['game', ...moves, 'game_ended']), patience)
      expect(cellsOf(events.data())).toEqual(winningMoves.map(([, cell]) => cell))
      await vi.waitFor(() => expect(stepTypes(ofGame()).slice(2)).toEqual([...moves, 'game_ended']), patience)
    }
  })
})

test('after a crash and a restart the stream begins with how the game stands', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'otto-events-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const first = await serve(dir)
  const { gameId } = await startedGame(first, [['X', 4]])
  const events = await open(first.url, eventsOf(gameId))
  await first.result('ttt_make_move', { gameId, player: 'O', cell: 0 })
  await vi.waitFor(() => expect(events.types()).toContain('move_made'), patience)
  await first.kill('SIGKILL')
  await vi.waitFor(() => expect(events.state.isOver).toBe(true), patience)
  const second = await serve(dir)
  const last = events.data().at(-1)?.id
  const again = await open(second.url, eventsOf(gameId), last)
  const all = await open(second.url, '/otto/events', last)
  await vi.waitFor(() => expect(again.data()).toMatchObject([{ type: 'game', game: { moveCount: 2 } }]), patience)
  await vi.waitFor(() => expect(all.types()).toEqual(['gap']), patience)
  await second.result('ttt_make_move', { gameId, player: 'X', cell: 1 })
  await vi.waitFor(() => expect(stepTypes(again.data())).toEqual(['game', 'move_made']), patience)
  const stoppedMs = performance.now()
  expect(await second.kill('SIGTERM')).toBe(0)
  expect(performance.now() - stoppedMs).toBeLessThan(10_000)
  await vi.waitFor(() => expect([again.state.isOver, all.state.isOver]).toEqual([true, true]), patience)
})
