import type { Sabotage } from './bridge.ts'
import { createChance } from './chance.ts'
import type { Table } from './clients.ts'
import { create, createClient, createFloors, play } from './clients.ts'
import { playToEnds, settle } from './finish.ts'
import type { Fleet } from './fleet.ts'
import { openFleet } from './fleet.ts'
import type { Journal } from './journal.ts'
import { judge } from './verdict.ts'
import type { World } from './world.ts'
import { openWorld } from './world.ts'
import { watchWriteAhead } from './write-ahead.ts'

/** What came of one seed. */
export type SeedReport = {
  readonly seed: number
  /** What was promised and not kept, one line each. */
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  /** How much happened: so that it shows when a world is empty. */
  readonly requests: number
  readonly applied: number
  readonly deaths: number
  readonly moments: number
}

export type SeedOptions = { readonly sabotage?: Sabotage; readonly keepsTrace?: boolean }

/** The clients are given up on after this much time of the world. */
const playMs = 20 * 60_000
/** After that nothing goes wrong any more, and everything open must come to its end within this much. */
const settleMs = 20 * 60_000

/** One world from its beginning to its end. The same seed gives the same trace, to the letter. */
export async function runSeed(seed: number, { sabotage, keepsTrace = false }: SeedOptions = {}): Promise<SeedReport> {
  const lines: string[] = []
  const world = await openWorld(createChance(seed), keepsTrace ? (line) => void lines.push(line) : () => {})
  const { time, climate, truth } = world
  world.trace(JSON.stringify(climate))
  watchWriteAhead(world)
  const journal: Journal = { wishes: [] }
  const fleet = openFleet(world, sabotage)
  const table = { world, fleet, journal, floors: createFloors() }
  const playing = playAll(table)
  await until(time, playMs, playing)
  world.trace('from here on nothing goes wrong')
  world.network.calm()
  world.database.calm()
  fleet.calm()
  const late: string[] = []
  await until(time, time.nowMs() + settleMs, settle(table, late))
  const applied = truth.applied.length
  const verdict = judge(table) // before somebody else plays on
  await until(time, time.nowMs() + settleMs, playToEnds(table, late))
  return {
    seed,
    violations: [...verdict, ...late, ...world.faults],
    trace: lines,
    requests: journal.wishes.reduce((sum, { attempts }) => sum + attempts.length, 0),
    applied,
    deaths: deathsIn(fleet),
    moments: time.moments(),
  }
}

const deathsIn = (fleet: Fleet): number => fleet.all().filter(({ life }) => life.isOver()).length

/** Runs the world until the work is done, or that moment has come. @throws what the work throws */
async function until(time: World['time'], atMs: number, work: Promise<unknown>): Promise<void> {
  let isOver = false
  const end = () => {
    isOver = true
  }
  work.then(end, end)
  await time.run(atMs, () => isOver)
  if (isOver) await work
}

/** One client of each game makes it, and as many as there are play it. */
async function playAll(table: Table): Promise<void> {
  const { chance, climate } = table.world
  const isAlone = climate.clients === 1
  const all = <T>(count: number, work: (index: number) => Promise<T>) =>
    Promise.all(Array.from({ length: count }, (_, index) => work(index)))
  if (!climate.startsCalm) stir(table)
  const gameIds = await all(climate.games, (game) =>
    create(table, createClient(`maker-${game}`, isAlone, chance.fork(`maker ${game}`))),
  )
  if (climate.startsCalm) stir(table)
  await all(climate.games, (game) =>
    all(climate.clients, async (index) => {
      const gameId = gameIds[game]
      const client = createClient(`client-${game}-${index}`, isAlone, chance.fork(`client ${game} ${index}`))
      if (gameId !== undefined) await play(table, client, gameId)
    }),
  )
}

function stir({ world, fleet }: Table): void {
  world.network.stir()
  world.database.stir()
  fleet.stir()
  trouble(world)
}

/** Layers that go away for a while, and disks that are full for a while. */
function trouble({ time, climate, network, database, chance }: World): void {
  const when = chance.fork('trouble')
  for (let cut = 0; cut < climate.cuts; cut++) {
    const layer = when.pick(['l1', 'l0'] as const)
    const atMs = when.between(0, 60_000)
    time.after(atMs, () => network.cut(layer, true))
    time.after(atMs + when.between(100, 90_000), () => network.cut(layer, false))
  }
  for (let full = 0; full < climate.fullDisks; full++) {
    const atMs = when.between(0, 60_000)
    time.after(atMs, () => database.fill(true))
    time.after(atMs + when.between(100, 30_000), () => database.fill(false))
  }
}
