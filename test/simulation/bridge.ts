import { breakTransport } from '../../src/chain/breaking-transport.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import type { Transport } from '../../src/chain/transport.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { createResolver } from '../../src/intent/resolver.ts'
import { gameTools, loadRules } from '../../src/open-games.ts'
import { createGames } from '../../src/tictactoe/tictactoe.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import type { ToolCallContext, ToolCatalog, ToolOutcome } from '../../src/tools/tool.ts'
import { createChance } from './chance.ts'
import type { Connection } from './database.ts'
import type { Life } from './life.ts'
import { createLife } from './life.ts'
import { players } from './players.ts'
import { createMortalClock } from './time.ts'
import { verifier } from './verifier.ts'
import type { World } from './world.ts'

/** One bridge process: all its parts are real but those that touch the world. */
export type Bridge = {
  readonly id: string
  readonly life: Life
  /** Undefined when the process died before it answered. */
  call(tool: string, args: unknown, context: ToolCallContext): Promise<ToolOutcome | undefined>
}

/** What a test may put in place of a part, to see that it is found out. */
export type Sabotage = {
  readonly transport?: (transport: Transport, world: World) => Transport
  readonly connection?: (connection: Connection) => Connection
  readonly catalog?: (catalog: ToolCatalog) => ToolCatalog
}

export type BridgeOptions = {
  readonly world: World
  readonly id: string
  readonly sabotage?: Sabotage | undefined
}

export const deadlineMs = 30_000
const readTimeoutMs = 10_000
const rules = loadRules()

/** Starts a process on the world's database: what it knows of earlier ones is what stands there. */
export function openBridge({ world, id, sabotage = {} }: BridgeOptions): Bridge {
  const { time, climate, network, database, log, trace } = world
  const chance = world.chance.fork(id)
  const ids = createChance(0, id) // the same in all worlds: what was signed in one need not be signed again

  const skewMs = () => climate.clockSkewMs * Math.sin(time.nowMs() / 7_000) // a wall clock that never stands well
  const clock = createMortalClock(time, skewMs)
  const life = createLife(() => {
    trace(`${id} dies`)
    clock.stop()
  })
  const line = network.lineFor(life)
  const connected = database.connect(id, life, clock.nowMs)
  const connection = sabotage.connection?.(connected) ?? connected
  const chain = createChain({
    transport: breakTransport(sabotage.transport?.(line, world) ?? line, { clock }),
    dialect: createDialect(climate.dialect),
    clock,
    random: chance.next,
    readTimeoutMs,
  })
  const { intents, locks, keys } = connection
  const games = createGames({
    ...{ chain, players, rules, clock, newId: ids.uuid, network: climate.dialect, log, verifier },
    ...{ intents, locks, isShared: climate.bridges > 1, pass: life.pass },
  })
  const resolver = createResolver({ intents, settle: games.settle, forget: games.forget, clock, log, pass: life.pass })
  const start = (): void => {
    resolver.start().catch(() => time.after(1_000, start)) // a process that cannot read its log is started again
  }
  start()
  const built = createToolBus({ tools: gameTools.map((tool) => tool(games)), clock, deadlineMs, log, keys })
  const catalog = sabotage.catalog?.(built) ?? built
  return {
    id,
    life,
    call: (tool, args, context) =>
      Promise.race([life.reach(catalog.call(tool, args, context)), life.ended.then(() => undefined)]),
  }
}
