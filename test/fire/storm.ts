import { setTimeout as sleep } from 'node:timers/promises'
import type { Chance } from '../simulation/chance.ts'
import { createChance } from '../simulation/chance.ts'
import type { Journal } from './journal.ts'
import { createJournal, told } from './journal.ts'
import type { Played } from './player.ts'
import { playGame, send } from './player.ts'
import type { Mortal, MortalLedger } from './processes.ts'
import { startBridge, startLedger } from './processes.ts'
import type { NodeProxy, Weather } from './proxy.ts'
import { startProxy } from './proxy.ts'
import { readTruth } from './truth.ts'

export type StormOptions = {
  readonly seed: number
  /** An empty folder. */
  readonly dir: string
  readonly games: number
  /** How often a bridge is killed; the storm lasts until all are over and all games are played. */
  readonly kills: number
  /** Mean time between two kills. */
  readonly killEveryMs: number
  /** More than one needs `databaseUrl`. */
  readonly bridges: number
  readonly databaseUrl: string | undefined
  readonly clients: number
  readonly weather: Weather
  /** For one request, however often it is sent. */
  readonly patienceMs: number
}

export type StormReport = {
  readonly games: number
  readonly moves: number
  readonly kills: number
  readonly answers: Readonly<Record<string, number>>
  readonly faults: Readonly<Record<string, number>>
  readonly violations: readonly string[]
  readonly seconds: number
}

/**
 * Plays games through bridges that are killed one after the other, over a network on which things go wrong, and then
 * compares what was told with what the ledger ran.
 */
export async function runStorm(options: StormOptions): Promise<StormReport> {
  const { seed, dir, weather, kills } = options
  const startMs = performance.now()
  const chance = createChance(seed)
  const journal = createJournal()
  await using opened = new AsyncDisposableStack()
  const ledger = opened.adopt(await startLedger(dir), async ({ kill }) => void (await kill('SIGKILL')))
  const open = async (target: string, label: string): Promise<NodeProxy> =>
    opened.adopt(await startProxy({ target, weather, chance: chance.fork(label) }), (proxy) => proxy.close())
  const [l1, l0] = [await open(ledger.l1, 'l1'), await open(ledger.l0, 'l0')]
  const bridges = await startBridges(options, { l1: l1.url, l0: l0.url }, opened)
  const play = { journal, bridges, chance, options }

  const done = new AbortController()
  const killing = killInTurn(play, done.signal)
  const played = await playAll(play, killing.done)
  done.abort(new Error('All is played.'))
  await killing.ended
  await askAgain(play)
  await compare(ledger, played, journal)
  for (const { kill } of bridges) if ((await kill('SIGTERM')) !== 0) journal.accuse('A bridge did not end with 0.')
  return {
    games: played.length,
    moves: played.reduce((sum, { moves }) => sum + moves.length, 0),
    kills: killing.count(),
    answers: Object.fromEntries([...journal.counts].sort()),
    faults: sumOf(l1, l0),
    violations: [
      ...journal.violations,
      ...(killing.count() < kills ? [`Only ${killing.count()} of ${kills} kills took place.`] : []),
    ],
    seconds: Math.round((performance.now() - startMs) / 100) / 10,
  }
}

type Play = {
  readonly journal: Journal
  readonly bridges: readonly Mortal[]
  readonly chance: Chance
  readonly options: StormOptions
}

async function startBridges(
  { dir, bridges: count, databaseUrl }: StormOptions,
  ledger: { readonly l1: string; readonly l0: string },
  opened: AsyncDisposableStack,
): Promise<readonly Mortal[]> {
  const bridges: Mortal[] = []
  const env = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  // One after the other: the first makes the wallets and the tables.
  for (let index = 0; index < count; index++) {
    const bridge = await startBridge(dir, `bridge-${index}`, ledger, { ...env, OTTO_LOG_LEVEL: 'info' })
    bridges.push(opened.adopt(bridge, async ({ kill }) => void (await kill('SIGKILL'))))
  }
  return bridges
}

/** Kills one bridge after the other and starts it again, until enough have died. */
function killInTurn({ bridges, chance, options, journal }: Play, signal: AbortSignal) {
  const { kills, killEveryMs } = options
  const luck = chance.fork('kills')
  let count = 0
  const run = async (): Promise<void> => {
    while (count < kills && !signal.aborted) {
      await sleep(luck.between(0.5, 1.5) * killEveryMs)
      const bridge = luck.pick(bridges)
      await bridge.kill('SIGKILL')
      count += 1
      await sleep(luck.between(0, 500))
      await bridge.revive().catch((error: unknown) => journal.accuse(`A bridge did not come back: ${error}`))
    }
  }
  const ended = run()
  return { count: () => count, ended, done: () => count >= kills }
}

/** As many games as are wanted, and more while not enough bridges have died. */
async function playAll({ bridges, chance, journal, options }: Play, isOver: () => boolean): Promise<readonly Played[]> {
  const { games, clients, patienceMs } = options
  const played: Played[] = []
  let begun = 0
  const urls = bridges.map(({ url }) => url)
  const playOn = async (): Promise<void> => {
    while (begun < games || !isOver()) {
      const luck = chance.fork(`game ${begun++}`)
      try {
        played.push(await playGame({ urls, journal, chance: luck, patienceMs }))
      } catch (error) {
        journal.accuse(error instanceof Error ? error.message : String(error))
      }
    }
  }
  await Promise.all(Array.from({ length: clients }, playOn))
  return played
}

/** How many keys are asked for once more, and how often where the answer says: not now. */
const maxRepeats = 200
const maxAsks = 100

/** What was answered once under a key is the answer still, at any bridge. */
async function askAgain({ bridges, chance, journal }: Play): Promise<void> {
  const luck = chance.fork('again')
  const wishes = journal.finals().slice(-maxRepeats)
  for (const wish of wishes) {
    let body: Awaited<ReturnType<typeof send>>
    for (let ask = 0; ask < maxAsks && !(body?.success || body?.outcome === 'rejected'); ask++)
      body = await send({ journal, chance: luck }, luck.pick(bridges).url, wish)
    if (!body?.success) journal.accuse(`${JSON.stringify(wish)} was answered again ${body && told(body)}`)
    else if (body.replayed !== true) journal.accuse(`${JSON.stringify(wish)} was done again`)
  }
}

/** The ledger's own counts: the start and each move that was told ran once, and nothing else ran. */
async function compare({ l0 }: MortalLedger, played: readonly Played[], journal: Journal): Promise<void> {
  const truth = await readTruth(l0)
  for (const { gameId, machineId, oracleId, moves } of played) {
    const ran = [truth.machineEvents(machineId), truth.scriptEvents(oracleId)]
    const should = 1 + moves.length
    if (ran.some((count) => count !== should))
      journal.accuse(`${gameId}: ${should} events were told, machine and oracle ran ${ran.join(' and ')}`)
  }
}

function sumOf(...proxies: readonly NodeProxy[]): Record<string, number> {
  const sum: Record<string, number> = {}
  for (const { faults } of proxies) for (const [fault, count] of faults) sum[fault] = (sum[fault] ?? 0) + count
  return sum
}
