import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { argv, stdout } from 'node:process'
import { parseArgs } from 'node:util'
import { createPostgresDatabase } from '../postgres.ts'
import { fairWeather, foulWeather } from './proxy.ts'
import { runStorm } from './storm.ts'

// The long storm: npm run storm -- --games 500 --kills 50 [--bridges 3 --database postgres://…] [--fair] [--seed 1]
// Several bridges share a database of their own on the PostgreSQL that tests use, or the empty one that is named.
const { values } = parseArgs({
  args: argv.slice(2),
  options: {
    games: { type: 'string', default: '100' },
    kills: { type: 'string', default: '10' },
    bridges: { type: 'string', default: '1' },
    clients: { type: 'string', default: '32' },
    every: { type: 'string', default: '3000' },
    seed: { type: 'string', default: '1' },
    database: { type: 'string' },
    fair: { type: 'boolean', default: false },
  },
})

const dir = await mkdtemp(join(tmpdir(), 'otto-storm-'))
const bridges = Number(values.bridges)
const own = bridges > 1 && values.database === undefined ? await createPostgresDatabase() : undefined
try {
  const report = await runStorm({
    seed: Number(values.seed),
    dir,
    games: Number(values.games),
    kills: Number(values.kills),
    killEveryMs: Number(values.every),
    bridges,
    databaseUrl: values.database ?? own?.url,
    clients: Number(values.clients),
    weather: values.fair ? fairWeather : foulWeather,
    patienceMs: 180_000,
  })
  stdout.write(`${JSON.stringify(report, null, 2)}\n`)
  process.exitCode = report.violations.length === 0 ? 0 : 1
} finally {
  await own?.drop()
  await rm(dir, { recursive: true, force: true })
}
