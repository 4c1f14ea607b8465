import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { fairWeather } from '../fire/proxy.ts'
import { runStorm } from '../fire/storm.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'

/** Mild: most of the test's time should go into games. The long storm is `npm run storm`. */
const weather = { ...fairWeather, cutAfter: 0.01, gateway: 0.005, twice: 0.02, slow: 0.02 }

/** One for each client. */
const games = 32

async function storm(bridges: number, databaseUrl: string | undefined) {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return runStorm({
    seed: 1,
    dir,
    games,
    kills: 2,
    killEveryMs: 3_000,
    bridges,
    databaseUrl,
    clients: 32,
    weather,
    patienceMs: 100_000,
  })
}

describe.skipIf(!hasPostgres)(postgresName, () => {
  test('three bridges on one database, killed in turn: nothing answered is lost, nothing runs twice', {
    timeout: 240_000,
  }, async () => {
    const { url, drop } = await createPostgresDatabase()
    onTestFinished(drop)
    const report = await storm(3, url)
    expect(report.violations).toEqual([])
    expect(report.games).toBeGreaterThanOrEqual(games)
  })
})

test('one bridge on a file of its own, killed again and again: the same', { timeout: 240_000 }, async () => {
  const report = await storm(1, undefined)
  expect(report.violations).toEqual([])
  expect(report.games).toBeGreaterThanOrEqual(games)
})
