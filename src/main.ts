import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Chain } from './chain/chain.ts'
import type { Config } from './config.ts'
import type { Breaker } from './core/breaker.ts'
import { decodeJson } from './core/decode-json.ts'
import { BaseError } from './core/errors.ts'
import { isJsonArray } from './core/json.ts'
import type { Devnet, DevnetOptions } from './devnet/devnet.ts'
import { openDevnet } from './devnet/devnet.ts'
import type { Dialect } from './dialect/dialect.ts'
import { createDialect } from './dialect/dialects.ts'
import { createEngine } from './fiber/engine.ts'
import { closeWithin, stopWithinMs } from './http/close.ts'
import { createHealthMonitor, remembered } from './http/health-monitor.ts'
import type { RuleTexts } from './http/mcp/resources.ts'
import { createServer } from './http/server.ts'
import { createApprovalStore } from './intent/approval-store.ts'
import type { KeyStore } from './intent/intent.ts'
import { createIntentHistory } from './intent/intent-history.ts'
import { createResolver } from './intent/resolver.ts'
import { createProgramCache } from './jlvm/program-cache.ts'
import type { Metrics } from './metrics/metrics.ts'
import { createMetrics } from './metrics/metrics.ts'
import { openAccess } from './open-access.ts'
import { openAudit } from './open-audit.ts'
import { openChain } from './open-chain.ts'
import { openChatParts } from './open-chat.ts'
import { openLive } from './open-live.ts'
import type { Records } from './open-records.ts'
import { crashAt, openRecords } from './open-records.ts'
import { openTracing, withSpans } from './open-tracing.ts'
import { openPlayers } from './open-wallets.ts'
import { createVerifier } from './signing/verify.ts'
import { randomId, systemClock } from './system.ts'
import { createLedgerView } from './tictactoe/ledger.ts'
import type { Rules } from './tictactoe/rules.ts'
import { parseOracleFile, parseStateMachineFile } from './tictactoe/rules-file.ts'
import type { Games } from './tictactoe/tictactoe.ts'
import { createGames } from './tictactoe/tictactoe.ts'
import type { Approvals } from './tools/approvals.ts'
import { createApprovals } from './tools/approvals.ts'
import { createToolCatalog } from './tools/tools.ts'
import { tttCancelGame } from './tools/ttt-cancel-game.ts'
import { tttCreateGame } from './tools/ttt-create-game.ts'
import { tttGetState } from './tools/ttt-get-state.ts'
import { tttMakeMove } from './tools/ttt-make-move.ts'
import { tttResetBoard } from './tools/ttt-reset-board.ts'
import { tttSimulateMove } from './tools/ttt-simulate-move.ts'
import { tttStartGame } from './tools/ttt-start-game.ts'
import type { Wallets } from './wallet/wallet.ts'

/** The running service. `close` lets what runs finish, then stops the parts in the reverse order of their start. */
export type Otto = { readonly url: string; readonly facts: object; close(): Promise<void> }

/** A port of the service itself is taken, or cannot be opened. */
class PortUnavailableError extends BaseError {
  override readonly code = 'PORT_UNAVAILABLE'
  override readonly kind = 'invalid'
  constructor(port: number, cause: unknown) {
    super(`Port ${port} cannot be opened.`, { cause, hint: 'Set OTTO_PORT to a free one, or stop what listens there.' })
  }
}

/**
 * The rules as the package ships them.
 * @throws DefinitionInvalidError or InvalidJsonError naming the file and the JSON path
 */
export function loadRules({ oracle, stateMachine }: RuleTexts = readRuleTexts()): Rules {
  const read = (text: string) => decodeJson(text, { maxDepth: 256 })
  const { scriptProgram, ...definition } = parseOracleFile(read(oracle))
  const { json, program } = createProgramCache({ maxPrograms: 1 }).intern(scriptProgram)
  return {
    oracle: { ...definition, scriptProgram: json, program },
    machine: parseStateMachineFile(read(stateMachine)),
  }
}

function readRuleTexts(): RuleTexts {
  const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  return { oracle: read('oracle/tictactoe.json'), stateMachine: read('statemachine/tictactoe.json') }
}

/** Builds the parts in order and listens. @throws what stops the start; everything started until then is closed */
export async function startOtto(config: Config, log: Logger): Promise<Otto> {
  await using started = new AsyncDisposableStack()
  const ruleTexts = readRuleTexts()
  const rules = loadRules(ruleTexts)
  const dialect = createDialect(config.dialect.name, { ottochainNulls: config.dialect.ottochainNulls })
  const wallets = started.adopt(await openPlayers(config), (open) => open.close())
  const tracing = await openTracing(config, log)
  started.defer(() => tracing?.close())
  const metrics = withSpans(createMetrics({ clock: systemClock }), tracing)
  const devnet = config.nodes ? undefined : await openWatched(config, { dialect, rules, metrics, log })
  if (devnet) started.defer(() => devnet.close())
  const { chain, breakers } = openChain(config, { dialect, devnet, metrics, log })
  started.defer(() => chain.close())
  const live = openLive({ devnet, metrics, log, games: () => games })
  const records = live.watchRecords(started.adopt(await openRecords(config, log), (open) => open.close()))
  const audit = started.adopt(await openAudit(config, { log, wallets }), (open) => open.close())
  const games = createGameWorld(config, { chain, wallets, rules, metrics, records, log })
  const resolver = createResolver({
    intents: records.intents,
    settle: games.settle,
    forget: games.forget,
    clock: systemClock,
    log: log.child({ part: 'resolver' }),
    pass: crashAt(config),
  })
  started.defer(() => resolver.stop())
  metrics.gauge(
    'otto_open_intents',
    'Writes whose fate is not known yet.',
    async () => (await records.intents.countOpen()).open,
  )
  const approvals =
    config.signing === 'confirm'
      ? audit.watchApprovals(
          createApprovals({ store: createApprovalStore(records), newId: randomId, log: log.child({ part: 'tools' }) }),
        )
      : undefined
  const watched = audit.watchTools(createTools(config, { games, metrics, log, approvals, keys: records.keys }))
  const tools = live.watchTools(watched)
  const { playerX, playerO } = wallets
  const chatParts = await openChatParts(config, { log, metrics, tracing, approvals })
  started.defer(() => chatParts.model.close())
  const history = createIntentHistory(records.database)
  const server = createServer({
    tools,
    chat: { ...chatParts, ...config.chat },
    rules: ruleTexts,
    approvals,
    wallets: () => ({ playerX: { address: playerX.address }, playerO: { address: playerO.address } }),
    readGame: (gameId, context) => tools.call('ttt_get_state', { gameId }, context),
    listGames: (query, signal) =>
      games.list(query, AbortSignal.any([signal, AbortSignal.timeout(config.tools.deadlineMs)])),
    live,
    ledger: createLedgerView({ ...records, ...wallets, ...config.tools, chain, history, clock: systemClock, log }),
    health: createHealthMonitor({
      clock: systemClock,
      asks: asksOf({ chain, wallets, records }),
      strict: ['storage'],
      intents: records.intents.countOpen,
      recovered: resolver.isRecovered,
      optional: { model: (signal) => chatParts.model.ping({ signal }) },
      breakers: isOpenBy({ ...breakers, model: chatParts.breaker }),
    }),
    log,
    newId: randomId,
    clock: systemClock,
    ...(await openAccess(config, { database: records.database, log, started })),
    onRefused: audit.onRefused,
    network: dialect.name,
    page: fileURLToPath(new URL('../web/dist', import.meta.url)),
    metrics,
  })
  started.defer(() => closeWithin(server, stopWithinMs))
  const { host, port } = config.http
  const url = await server.listen({ host, port }).catch((cause: unknown) => {
    throw new PortUnavailableError(port, cause)
  })
  if (devnet) await openDevnetPorts(config, devnet, log)
  await resolver.start()
  const running = started.move()
  const facts = { dialect: dialect.name, ledger: config.nodes ?? 'embedded', X: playerX.address, O: playerO.address }
  return { url, facts, close: () => running.disposeAsync() }
}

/** The metagraph of this process. @throws LedgerLockedError, LedgerForeignError, LedgerDamagedError, LedgerUnwritableError */
export const openEmbedded = (
  { devnet }: Config,
  dialect: Dialect,
  log: Logger,
  parts: Pick<DevnetOptions, 'engine' | 'verifier'> = {},
): Promise<Devnet> =>
  openDevnet({
    ...parts,
    dialect,
    dataDir: `${devnet.dataDir}/ledger`,
    snapshotMs: devnet.snapshotMs,
    latencyMs: devnet.latencyMs,
    lagOrdinals: devnet.lagOrdinals,
    extensions: devnet.extensions,
    webhooks: devnet.webhooks,
    clock: systemClock,
    newId: randomId,
    log: log.child({ part: 'devnet' }),
  })

type WatchedParts = {
  readonly dialect: Dialect
  readonly rules: Rules
  readonly metrics: Metrics
  readonly log: Logger
}

/** The same, its signatures timed and its gas counted. What it runs again while it opens does not count. */
async function openWatched(config: Config, { dialect, rules, metrics, log }: WatchedParts): Promise<Devnet> {
  const { transitions } = rules.machine.instantiate(randomId())
  const eventNames = transitions.map(({ eventName }) => eventName)
  const { engine, begin } = metrics.watchEngine(createEngine(), eventNames)
  const verifier = metrics.watchVerifier(createVerifier({ maxKeys: 1_000 }))
  const devnet = await openEmbedded(config, dialect, log, { engine, verifier })
  begin()
  metrics.gauge(
    'otto_queue_length',
    'Messages that the embedded ledger let in and has not run yet.',
    async (signal) => {
      const { json } = await devnet.request({ layer: 'l1', method: 'GET', path: '/data', signal })
      return isJsonArray(json) ? json.length : 0
    },
  )
  return devnet
}

/** The tools offered to models, in the order of their listing; each takes the games that it plays. */
export const gameTools = [tttCreateGame, tttStartGame, tttMakeMove, tttGetState, tttResetBoard, tttCancelGame] as const

type GameParts = {
  readonly chain: Chain
  readonly wallets: Wallets
  readonly rules: Rules
  readonly metrics: Metrics
  readonly records: Records
  readonly log: Logger
}

const createGameWorld = (config: Config, { chain, wallets, rules, metrics, records, log }: GameParts): Games =>
  createGames({
    ...records,
    chain,
    players: { X: metrics.watchSigner(wallets.playerX), O: metrics.watchSigner(wallets.playerO) },
    rules,
    clock: systemClock,
    newId: randomId,
    network: config.dialect.name,
    verifier: createVerifier({ maxKeys: 2 }),
    log: log.child({ part: 'games' }),
    pass: crashAt(config),
  })

type ToolParts = {
  readonly games: Games
  readonly metrics: Metrics
  readonly log: Logger
  readonly approvals: Approvals | undefined
  readonly keys: KeyStore
}

function createTools(config: Config, { games, metrics, log, approvals, keys }: ToolParts) {
  const six = gameTools.map((tool) => tool(games))
  const simulate = tttSimulateMove(games)
  const { exposeSimulate, deadlineMs } = config.tools
  const catalog = createToolCatalog({
    tools: exposeSimulate ? [...six, simulate] : six,
    unlisted: exposeSimulate ? [] : [simulate],
    clock: systemClock,
    deadlineMs,
    approvals,
    keys,
    log: log.child({ part: 'tools' }),
  })
  return metrics.watchTools(
    catalog,
    [...six, simulate].map(({ description }) => description.name),
  )
}

/** Both layers of the ledger; open wallets are a condition of the start. */
const asksOf = ({ chain, wallets, records }: { chain: Chain; wallets: Wallets; records: Records }) => ({
  wallets: async () => wallets.ping?.(),
  l1: (signal: AbortSignal) => chain.pingL1({ signal }),
  l0: (signal: AbortSignal) => chain.readOrdinal({ signal }),
  storage: remembered(() => records.database.probe(), { clock: systemClock, forMs: 1_000 }),
})

/** Which upstreams are left alone now. */
const isOpenBy = (breakers: Readonly<Record<string, Breaker>>) =>
  Object.fromEntries(Object.entries(breakers).map(([name, { state }]) => [name, () => state() !== 'closed']))

/** The embedded ledger is reachable as a real one is. A taken port costs a warning, not the start. */
async function openDevnetPorts(
  { devnet: { host, l1Port, l0Port } }: Config,
  devnet: Devnet,
  log: Logger,
): Promise<void> {
  try {
    log.info(await devnet.listen({ host, l1Port, l0Port }), 'devnet ports')
  } catch (error) {
    log.warn({ err: error, l1Port, l0Port }, 'the devnet ports cannot be opened; the service plays on without them')
  }
}
