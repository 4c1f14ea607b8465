import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Chain } from './chain/chain.ts'
import { createChain } from './chain/create-chain.ts'
import { createHttpTransport } from './chain/http-transport.ts'
import type { Transport } from './chain/transport.ts'
import type { Config } from './config.ts'
import { decodeJson } from './core/decode-json.ts'
import { BaseError } from './core/errors.ts'
import type { Devnet } from './devnet/devnet.ts'
import { openDevnet } from './devnet/devnet.ts'
import type { Dialect } from './dialect/dialect.ts'
import { createDialect } from './dialect/dialects.ts'
import { createServer } from './http/server.ts'
import { createProgramCache } from './jlvm/program-cache.ts'
import { randomId, systemClock } from './system.ts'
import type { Rules } from './tictactoe/rules.ts'
import { parseOracleFile, parseStateMachineFile } from './tictactoe/rules-file.ts'
import { createGames } from './tictactoe/tictactoe.ts'
import { createToolCatalog } from './tools/tools.ts'
import { tttCancelGame } from './tools/ttt-cancel-game.ts'
import { tttCreateGame } from './tools/ttt-create-game.ts'
import { tttGetState } from './tools/ttt-get-state.ts'
import { tttMakeMove } from './tools/ttt-make-move.ts'
import { tttResetBoard } from './tools/ttt-reset-board.ts'
import { tttSimulateMove } from './tools/ttt-simulate-move.ts'
import { tttStartGame } from './tools/ttt-start-game.ts'
import { choosePassword } from './wallet/password.ts'
import type { Wallets } from './wallet/wallet.ts'
import { openWallets } from './wallet/wallet.ts'

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
export function loadRules(): Rules {
  const read = (path: string) => decodeJson(readFileSync(new URL(`../${path}`, import.meta.url)), { maxDepth: 256 })
  const { scriptProgram, ...oracle } = parseOracleFile(read('oracle/tictactoe.json'))
  const { json, program } = createProgramCache({ maxPrograms: 1 }).intern(scriptProgram)
  return {
    oracle: { ...oracle, scriptProgram: json, program },
    machine: parseStateMachineFile(read('statemachine/tictactoe.json')),
  }
}

/** Builds the parts in order and listens. @throws what stops the start; everything started until then is closed */
export async function startOtto(config: Config, log: Logger): Promise<Otto> {
  await using started = new AsyncDisposableStack()
  const rules = loadRules()
  const dialect = createDialect(config.dialect.name, { ottochainNulls: config.dialect.ottochainNulls })
  const wallets = started.adopt(await openPlayers(config), (open) => open.close())
  const devnet = config.nodes ? undefined : await openEmbedded(config, dialect, log)
  if (devnet) started.defer(() => devnet.close())
  const chain = createLedger(config, dialect, devnet)
  started.defer(() => chain.close())
  const tools = createTools(config, { chain, wallets, rules, log })
  const { playerX, playerO } = wallets
  const server = createServer({
    tools,
    wallets: () => ({ playerX: { address: playerX.address }, playerO: { address: playerO.address } }),
    readGame: (gameId, context) => tools.call('ttt_get_state', { gameId }, context),
    health: createHealth(chain),
    log,
    newId: randomId,
    clock: systemClock,
    access: config.http,
  })
  started.defer(() => server.close())
  const { host, port } = config.http
  const url = await server.listen({ host, port }).catch((cause: unknown) => {
    throw new PortUnavailableError(port, cause)
  })
  if (devnet) await openDevnetPorts(config, devnet, log)
  const running = started.move()
  const facts = { dialect: dialect.name, ledger: config.nodes ?? 'embedded', X: playerX.address, O: playerO.address }
  return { url, facts, close: () => running.disposeAsync() }
}

async function openPlayers({ wallet }: Config): Promise<Wallets> {
  const password = await choosePassword({ text: wallet.password, file: wallet.passwordFile })
  return openWallets({ dir: wallet.dir, password, nowMs: systemClock.nowMs() })
}

const openEmbedded = ({ devnet }: Config, dialect: Dialect, log: Logger): Promise<Devnet> =>
  openDevnet({
    dialect,
    dataDir: `${devnet.dataDir}/ledger`,
    snapshotMs: devnet.snapshotMs,
    latencyMs: devnet.latencyMs,
    lagOrdinals: devnet.lagOrdinals,
    extensions: devnet.extensions,
    clock: systemClock,
    newId: randomId,
    log: log.child({ part: 'devnet' }),
  })

/** The same chain over HTTP to nodes elsewhere, or by calls into the ledger of this process. */
function createLedger({ nodes }: Config, dialect: Dialect, devnet: Devnet | undefined): Chain {
  const transport: Transport | undefined = nodes ? createHttpTransport({ ...nodes, clock: systemClock }) : devnet
  if (transport === undefined) throw new TypeError('A ledger is either embedded or elsewhere.')
  return createChain({ transport, dialect, clock: systemClock, random: Math.random, readTimeoutMs: 10_000 })
}

type ToolParts = { readonly chain: Chain; readonly wallets: Wallets; readonly rules: Rules; readonly log: Logger }

function createTools(config: Config, { chain, wallets, rules, log }: ToolParts) {
  const games = createGames({
    chain,
    players: { X: wallets.playerX, O: wallets.playerO },
    rules,
    clock: systemClock,
    newId: randomId,
    network: config.dialect.name,
  })
  const six = [tttCreateGame, tttStartGame, tttMakeMove, tttGetState, tttResetBoard, tttCancelGame].map((tool) =>
    tool(games),
  )
  const simulate = tttSimulateMove(games)
  const { exposeSimulate, deadlineMs } = config.tools
  return createToolCatalog({
    tools: exposeSimulate ? [...six, simulate] : six,
    unlisted: exposeSimulate ? [] : [simulate],
    clock: systemClock,
    deadlineMs,
    log: log.child({ part: 'tools' }),
  })
}

/** Asks both layers, at most a second each; open wallets are a condition of the start. */
function createHealth(chain: Chain) {
  const asks = (ask: Promise<unknown>) =>
    ask.then(
      () => 'healthy' as const,
      () => 'unhealthy' as const,
    )
  return async () => {
    const signal = AbortSignal.timeout(1_000)
    const [l1, l0] = await Promise.all([asks(chain.pingL1({ signal })), asks(chain.readOrdinal({ signal }))])
    const isReady = l1 === 'healthy' && l0 === 'healthy'
    const status = isReady ? ('healthy' as const) : ('unhealthy' as const)
    return { status, isReady, components: { wallets: 'healthy' as const, l1, l0 } }
  }
}

/** The embedded ledger is reachable as a real one is. A taken port costs a warning, not the start. */
async function openDevnetPorts(
  { devnet: { l1Port, l0Port }, http }: Config,
  devnet: Devnet,
  log: Logger,
): Promise<void> {
  try {
    log.info(await devnet.listen({ host: http.host, l1Port, l0Port }), 'devnet ports')
  } catch (error) {
    log.warn({ err: error, l1Port, l0Port }, 'the devnet ports cannot be opened; the service plays on without them')
  }
}
