import { fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import type { SeedReport } from './run-seed.ts'
import { runSeed } from './run-seed.ts'

/** What a worker tells of its seeds, trace left out. */
export type Told = Omit<SeedReport, 'trace'>

/** A process that died in a world leaves waits behind that nobody ends: after so many seeds their memory is given back. */
const seedsAWorker = 250

/** All seeds from `from` on, shared out among processes. @returns what came of each, in no order */
export async function simulate({ from, seeds }: { from: number; seeds: number }): Promise<readonly Told[]> {
  const end = from + seeds
  const told: Told[] = []
  let next = from
  const work = async (): Promise<void> => {
    while (next < end) {
      const first = next
      next = Math.min(end, first + seedsAWorker)
      told.push(...(await runWorker(first, next)))
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, work))
  return told
}

/** @throws when the worker ends before it told of all its seeds */
function runWorker(from: number, end: number): Promise<readonly Told[]> {
  const { promise, resolve, reject } = Promise.withResolvers<readonly Told[]>()
  const worker = fork(new URL('_worker.ts', import.meta.url), [from, end].map(String), { execArgv: [] })
  const told: Told[] = []
  worker.on('message', (report) => told.push(report as Told)) // our own worker
  worker.on('error', reject)
  worker.on('exit', (code) => {
    if (code === 0) resolve(told)
    else reject(new Error(`A worker ended with ${code} after ${told.length} seeds.`))
  })
  return promise
}

const print = (line: string) => process.stdout.write(`${line}\n`)

/** `--seeds N [--from S]`: many worlds. `--seed S [--trace]`: one, and what happened in it. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string', default: '200' },
      from: { type: 'string', default: '1' },
      seed: { type: 'string' },
      trace: { type: 'boolean', default: false },
    },
  })
  const startMs = performance.now()
  const reports: readonly Told[] =
    values.seed === undefined
      ? await simulate({ from: Number(values.from), seeds: Number(values.seeds) })
      : [await runOne(Number(values.seed), values.trace)]
  const broken = reports.filter(({ violations }) => violations.length > 0)
  for (const { seed, violations } of broken) for (const line of violations) print(`seed ${seed}: ${line}`)
  const sum = (of: (told: Told) => number) => reports.reduce((total, told) => total + of(told), 0)
  print(
    `${reports.length} seeds, ${sum((told) => told.requests)} requests, ${sum((told) => told.applied)} messages applied, ` +
      `${sum((told) => told.deaths)} deaths of bridges, ${broken.length} seeds with violations, ` +
      `${((performance.now() - startMs) / 1000).toFixed(1)} s`,
  )
  process.exitCode = broken.length > 0 ? 1 : 0
}

async function runOne(seed: number, keepsTrace: boolean): Promise<Told> {
  const report = await runSeed(seed, { keepsTrace })
  for (const line of report.trace) print(line)
  return report
}

if (import.meta.main) await main()
