/**
 * `npm run bench`: every figure; `npm run bench -- move read`: those named. Each is a ratio of two sides measured in the
 * same run. Prints a Markdown table and keeps all in bench/results.json. Nothing here is a test: a machine may be busy.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { measureAgentSoak } from './agent-soak.ts'
import { measureAgents } from './agents.ts'
import { measureArtifacts } from './artifacts.ts'
import { measureBytes } from './bytes.ts'
import { measureChat } from './chat.ts'
import { measureContext } from './context.ts'
import { measureDeadlines } from './deadlines.ts'
import { measureDurable } from './durable.ts'
import { measureEvaluate } from './evaluate.ts'
import type { Figure } from './figure.ts'
import { toPartTables, toTable, verdictOf } from './figure.ts'
import { measureGrowth } from './growth.ts'
import { measureIntents } from './intents.ts'
import { machine } from './machine.ts'
import { measureMcp } from './mcp.ts'
import { measureMemory } from './memory.ts'
import { measureMove } from './move.ts'
import { measureOverload } from './overload.ts'
import { measurePage } from './page.ts'
import { measureRead } from './read.ts'
import { measureRecovery } from './recovery.ts'
import { measureRestart } from './restart.ts'
import { measureShutdown } from './shutdown.ts'
import { measureSoak } from './soak.ts'
import { measureSpawn } from './spawn.ts'
import { measureStart } from './start.ts'
import { measureToolBus } from './tool-bus.ts'
import { measureWatchers } from './watchers.ts'

/** In the order of the table. */
const benches: Readonly<Record<string, () => Promise<readonly Figure[]>>> = {
  move: measureMove,
  durable: measureDurable,
  read: measureRead,
  evaluate: measureEvaluate,
  growth: measureGrowth,
  memory: measureMemory,
  bytes: measureBytes,
  start: measureStart,
  restart: measureRestart,
  chat: measureChat,
  mcp: measureMcp,
  'tool-bus': measureToolBus,
  spawn: measureSpawn,
  agents: measureAgents,
  intents: measureIntents,
  recovery: measureRecovery,
  shutdown: measureShutdown,
  deadlines: measureDeadlines,
  overload: measureOverload,
  watchers: measureWatchers,
  page: measurePage,
  context: measureContext,
  artifacts: measureArtifacts,
  soak: measureSoak,
  'agent-soak': measureAgentSoak,
}

type Results = {
  readonly measuredAt: string
  readonly machine: ReturnType<typeof machine>
  readonly figures: readonly Figure[]
}

const resultsFile = new URL('./results.json', import.meta.url)

/** The figures of earlier runs on this very machine; of another one none counts beside ours. */
function earlierFigures(): readonly Figure[] {
  try {
    const results: Results = JSON.parse(readFileSync(resultsFile, 'utf8'))
    return JSON.stringify(results.machine) === JSON.stringify(machine()) ? results.figures : []
  } catch {
    return []
  }
}

async function run(names: readonly string[]): Promise<void> {
  const measured: Figure[] = []
  for (const name of names) {
    const startMs = performance.now()
    console.error(`${name} …`)
    measured.push(...((await benches[name]?.()) ?? []))
    console.error(`${name}: ${Math.round((performance.now() - startMs) / 1000)} s`)
  }
  const kept = earlierFigures().filter(({ bench }) => !names.includes(bench))
  const order = Object.keys(benches)
  const figures = [...kept, ...measured].toSorted((a, b) => order.indexOf(a.bench) - order.indexOf(b.bench))
  const told = figures.map((one) => ({ ...one, verdict: verdictOf(one) }))
  const results = { measuredAt: new Date().toISOString(), machine: machine(), figures: told }
  writeFileSync(resultsFile, `${JSON.stringify(results, null, 2)}\n`)
  const { cpu, cores, memoryGiB, system, node } = results.machine
  console.log(`Measured on ${cpu}, ${cores} cores, ${memoryGiB} GiB, ${system}, Node ${node}.\n`)
  console.log([toTable(measured), toPartTables(measured)].filter((text) => text !== '').join('\n\n'))
}

const asked = process.argv.slice(2)
const unknown = asked.filter((name) => !Object.hasOwn(benches, name))
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(', ')}. Those there are: ${Object.keys(benches).join(', ')}.`)
  process.exitCode = 2
} else await run(asked.length > 0 ? asked : Object.keys(benches))
