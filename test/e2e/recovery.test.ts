import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import { serve } from './_process.ts'
import { startedGame } from './_service.ts'

let dir: string
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'otto-'))
})
afterEach(() => rm(dir, { recursive: true, force: true }))

test('a game goes on where it was after kill -9, hashes and ordinals included', { timeout: 60_000 }, async () => {
  const first = await serve(dir)
  const before = await startedGame(first, winningMoves.slice(0, 3))
  await first.kill('SIGKILL')

  const second = await serve(dir)
  const { gameId } = before
  expect(await second.result('ttt_get_state', { gameId })).toEqual({ ...before, hash: null })
  for (const [player, cell] of winningMoves.slice(3)) await second.result('ttt_make_move', { gameId, player, cell })
  const ended = await second.result('ttt_get_state', { gameId })
  expect(ended).toMatchObject({ machineState: 'finished', winner: 'X', moveCount: 5 })
  expect(ended.moveHistory.slice(0, 3)).toEqual(before.moveHistory)
  expect(await second.kill('SIGTERM')).toBe(0)
})

test('no answered move is lost when the process is killed in the middle of many', { timeout: 60_000 }, async () => {
  const first = await serve(dir)
  const games = await Promise.all([...Array(6)].map(() => startedGame(first)))
  const answered = new Map<string, number>()
  const play = async (gameId: string) => {
    for (const [player, cell] of winningMoves) {
      const { body } = await first.call('ttt_make_move', { gameId, player, cell })
      if (body.success) answered.set(gameId, body.result.moveCount)
    }
  }
  const playing = Promise.allSettled(games.map(({ gameId }) => play(gameId)))
  await expect.poll(() => [...answered.values()].reduce((sum, count) => sum + count, 0)).toBeGreaterThan(8)
  await first.kill('SIGKILL')
  await playing

  const second = await serve(dir)
  for (const { gameId } of games) {
    const view = await second.result('ttt_get_state', { gameId })
    expect(view.moveCount).toBeGreaterThanOrEqual(answered.get(gameId) ?? 0)
    for (const [player, cell] of winningMoves.slice(view.moveCount))
      await second.result('ttt_make_move', { gameId, player, cell })
    expect(await second.result('ttt_get_state', { gameId })).toMatchObject({ winner: 'X', moveCount: 5 })
  }
  expect(await second.kill('SIGTERM')).toBe(0)
})
