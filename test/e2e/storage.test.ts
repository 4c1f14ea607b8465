import { execFile } from 'node:child_process'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import { startBridge, startLedger } from '../fire/processes.ts'
import { runOtto, serve, settingsIn } from './_process.ts'
import type { Answer } from './_service.ts'
import { client, startedGame } from './_service.ts'

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const run = promisify(execFile)
const slowly = { timeout: 30_000, interval: 200 }

/** A process can make no file longer than this: to it the disk is full. The kernel keeps the bound, nothing is mocked. */
const limitFiles = (pid: number | undefined, bytes: '1' | 'unlimited') =>
  run('prlimit', ['--pid', String(pid), `--fsize=${bytes}:unlimited`])

test('on a full disk writes are refused before anything is sent, reads go on, and writes come back', {
  timeout: 90_000,
}, async () => {
  const dir = await folder()
  const ledger = await startLedger(dir)
  onTestFinished(async () => void (await ledger.kill('SIGKILL')))
  const bridge = await startBridge(dir, 'bridge', ledger)
  onTestFinished(async () => void (await bridge.kill('SIGKILL')))
  const service = client(bridge.url)
  const { gameId } = await startedGame(service)
  const move = () => service.call('ttt_make_move', { gameId, player: 'X', cell: 4 })

  await limitFiles(bridge.pid(), '1')
  for (let attempt = 0; attempt < 3; attempt++)
    expect(await move()).toMatchObject({
      status: 503,
      body: { code: 'STORAGE_UNAVAILABLE', outcome: 'not_submitted', retryable: true },
    })
  expect(await service.result('ttt_get_state', { gameId })).toMatchObject({ moveCount: 0 })

  await limitFiles(bridge.pid(), 'unlimited')
  const applied = async (): Promise<Answer['body']> => (await move()).body
  await expect.poll(applied, slowly).toMatchObject({ success: true, result: { moveCount: 1 } })
  expect(await bridge.kill('SIGTERM')).toBe(0)
})

test('a damaged database stops the start and is named', { timeout: 60_000 }, async () => {
  const dir = await folder()
  const service = await serve(dir)
  await startedGame(service)
  expect(await service.kill('SIGTERM')).toBe(0)
  const path = join(dir, 'var/db/otto.sqlite')
  const file = await open(path, 'r+')
  await file.write(Buffer.alloc(2_048, 0xa5), 0, 2_048, 100) // behind the words that say what it is
  await file.close()
  const { code, err } = await runOtto(['serve'], settingsIn(dir))
  expect(err).toContain(path)
  expect(err).toContain('damaged')
  expect(code).toBe(78)
})

test('a second process on the same data directory does not start', { timeout: 60_000 }, async () => {
  const dir = await folder()
  const ledger = await startLedger(dir)
  onTestFinished(async () => void (await ledger.kill('SIGKILL')))
  const first = await startBridge(dir, 'bridge', ledger)
  onTestFinished(async () => void (await first.kill('SIGKILL')))
  const { code, err } = await runOtto(['serve'], {
    ...settingsIn(dir),
    OTTO_DATA_DIR: join(dir, 'bridge'),
    OTTO_L1_URL: ledger.l1,
    OTTO_L0_URL: ledger.l0,
  })
  expect(err).toContain('Another process has the database')
  expect(code).toBe(78)
  await startedGame(client(first.url))
})
