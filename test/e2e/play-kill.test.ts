import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { startBridge, startLedger } from '../fire/processes.ts'
import { readTruth } from '../fire/truth.ts'
import { spawnOtto } from './_process.ts'
import { client } from './_service.ts'

/** `otto play` as a process, and what it prints. */
function play(url: string, rounds: number) {
  const child = spawnOtto(['play', '--rounds', String(rounds), '--brain', 'random', '--url', url], {})
  onTestFinished(() => void child.kill('SIGKILL'))
  const printed = { out: '', err: '' }
  child.stdout?.on('data', (chunk) => {
    printed.out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    printed.err += chunk
  })
  return { printed, ended: once(child, 'close').then(([code]) => code) }
}

test('otto play waits for a service that is killed in the middle, and plays on', { timeout: 120_000 }, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  // A snapshot takes a while, so that a kill hits a move that is under way.
  const ledger = await startLedger(dir, 200)
  onTestFinished(async () => void (await ledger.kill('SIGKILL')))
  const service = await startBridge(dir, 'bridge', ledger)
  onTestFinished(async () => void (await service.kill('SIGKILL')))

  const rounds = 3
  const { printed, ended } = play(service.url, rounds)
  const moves = () => printed.out.split('hash').length
  for (let kill = 0; kill < 2; kill++) {
    const seen = moves()
    await expect.poll(moves, { timeout: 30_000, interval: 20 }).toBeGreaterThan(seen + 4)
    await service.kill('SIGKILL')
    await sleep(300)
    await service.revive()
  }
  expect(await ended, printed.err).toBe(0)
  expect(printed.err).toContain('waiting')

  const { body } = await client(service.url).get('/otto/games')
  const { games } = body as { games: { gameId: string }[] } // our own service
  expect(games).toHaveLength(1)
  const { result } = (await client(service.url).call('ttt_get_state', { gameId: games[0]?.gameId })).body
  expect(result).toMatchObject({ machineState: 'finished', roundCount: rounds - 1 })
  // Each round has a machine of its own: the last one ran its start and its moves, and nothing twice.
  expect((await readTruth(ledger.l0)).machineEvents(result.machineId)).toBe(1 + result.moveCount)
})
