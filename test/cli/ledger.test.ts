import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { runOtto, serve, settingsIn } from '../e2e/_process.ts'
import { startedGame } from '../e2e/_service.ts'
import { winningMoves } from '../games.ts'
import { startDevnet } from './_devnet.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const oneLine = (text: string) => text.trimEnd().split('\n')

test('otto ledger dev keeps a ledger without wallets, and what was played survives its end', {
  timeout: 30_000,
}, async () => {
  const dir = await temporaryFolder()
  const devnet = await startDevnet(dir)
  expect(await readdir(dir)).toEqual(['var'])
  const home = await temporaryFolder()
  const service = await serve(home, { OTTO_L1_URL: devnet.l1, OTTO_L0_URL: devnet.l0 })
  const { gameId, machineId } = await startedGame(service, winningMoves)
  await service.result('ttt_create_game')

  const { code, out } = await runOtto(['ledger', 'state', '--l0', devnet.l0], settingsIn(dir))
  expect(code).toBe(0)
  const [counts, , ...games] = oneLine(out)
  expect(counts).toMatch(/^ordinal \d+, 2 machines, 2 oracles, 2 games \(workchain\)$/)
  expect(games).toHaveLength(2)
  expect(games[0]).toMatch(new RegExp(`^${gameId}  finished  Won +round 1  5 moves  XXXOO\\.\\.\\.\\.  ordinal \\d+$`))
  expect(games[1]).toContain('setup     NotInitialized  round 1  0 moves  .........')

  const [before] = oneLine(out)
  expect(await devnet.stop()).toBe(0)
  const again = await startDevnet(dir, devnet.ports)
  // Named by its settings this time.
  const env = { ...settingsIn(dir), OTTO_L1_URL: devnet.l1, OTTO_L0_URL: devnet.l0 }
  expect(oneLine((await runOtto(['ledger', 'state'], env)).out)[0]).toBe(before)
  expect(await service.result('ttt_reset_board', { gameId })).toMatchObject({ roundCount: 1, machineState: 'playing' })
  expect((await runOtto(['ledger', 'state'], { ...settingsIn(dir), ...devnet.ports })).out).not.toContain(machineId)
  expect(await service.kill('SIGTERM')).toBe(0)
  expect(await again.stop('SIGINT')).toBe(0)
})

test('otto ledger state reads an ottochain ledger, and says when it is another one', { timeout: 30_000 }, async () => {
  const dir = await temporaryFolder()
  const devnet = await startDevnet(dir, { OTTO_DIALECT: 'ottochain' })
  onTestFinished(async () => void (await devnet.stop()))
  const ask = (env: Record<string, string>) =>
    runOtto(['ledger', 'state', '--l0', devnet.l0], { ...settingsIn(dir), ...env })
  expect((await ask({ OTTO_DIALECT: 'ottochain' })).out).toBe('ordinal 0, 0 machines, 0 oracles, 0 games (ottochain)\n')
  const wrong = await ask({})
  expect(wrong.code).toBe(1)
  expect(oneLine(wrong.err)).toEqual([
    'otto: /data-application/checkpoint answers 404: no metagraph L0 of the dialect workchain. otto doctor says what answers at each address.',
  ])
})

describe('otto ledger, when it cannot', () => {
  test('a taken port ends dev with 78, and leaves the ledger free', { timeout: 30_000 }, async () => {
    const devnet = await startDevnet(await temporaryFolder())
    onTestFinished(async () => void (await devnet.stop()))
    const dir = await temporaryFolder()
    const { code, err } = await runOtto(['ledger', 'dev'], {
      ...settingsIn(dir),
      OTTO_DEVNET_L0_PORT: devnet.ports.OTTO_DEVNET_L0_PORT,
    })
    expect(code).toBe(78)
    expect(oneLine(err)).toEqual([expect.stringContaining(`Nothing can listen on ${devnet.l0.slice(7)}.`)])
    const after = await startDevnet(dir)
    expect(await after.stop()).toBe(0)
  })

  test('a ledger that is in use ends dev with 78', { timeout: 30_000 }, async () => {
    const dir = await temporaryFolder()
    const devnet = await startDevnet(dir)
    onTestFinished(async () => void (await devnet.stop()))
    const { code, err } = await runOtto(['ledger', 'dev'], settingsIn(dir))
    expect(code).toBe(78)
    expect(oneLine(err)).toEqual([expect.stringContaining('Another process has this ledger open.')])
  })

  test('a ledger of the other dialect ends dev with 78', { timeout: 30_000 }, async () => {
    const dir = await temporaryFolder()
    await (await startDevnet(dir)).stop()
    const { code, err } = await runOtto(['ledger', 'dev'], { ...settingsIn(dir), OTTO_DIALECT: 'ottochain' })
    expect(code).toBe(78)
    expect(oneLine(err)).toHaveLength(1)
    expect(await readdir(join(dir, 'var'))).toEqual(['ledger'])
  })

  test('state says when nobody answers', async () => {
    const { code, err } = await runOtto(
      ['ledger', 'state', '--l0', 'http://127.0.0.1:1'],
      settingsIn(await temporaryFolder()),
    )
    expect(code).toBe(1)
    expect(oneLine(err)).toEqual([expect.stringContaining('No metagraph L0 answers at http://127.0.0.1:1.')])
  })

  test('state says when the address is none', async () => {
    const { code, err } = await runOtto(['ledger', 'state', '--l0', 'my-node'], settingsIn(await temporaryFolder()))
    expect(code).toBe(78)
    expect(oneLine(err)).toHaveLength(1)
  })

  test.each([
    { args: [], says: 'name one of dev and state' },
    { args: ['reset'], says: 'name one of dev and state' },
    { args: ['dev', '--l0', 'http://127.0.0.1:1'], says: 'only state takes --l0' },
    { args: ['state', 'now'], says: 'name one of dev and state' },
    { args: ['state', '--l1', 'x'], says: '--l1' },
  ])('otto ledger $args is wrong usage', async ({ args, says }) => {
    const { code, err } = await runHere(['ledger', ...args], settingsIn(await temporaryFolder()))
    expect(code).toBe(2)
    expect(err).toContain(says)
    expect(err).toContain('otto ledger dev')
  })
})
