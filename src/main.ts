import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Chain } from './chain/chain.ts'
import type { Config } from './config.ts'
import type { Breaker } from './core/breaker.ts'
import { BaseError } from './core/errors.ts'
import { createDialect } from './dialect/dialects.ts'
import { closeWithin, stopWithinMs } from './http/close.ts'
import { createHealthMonitor, remembered } from './http/health-monitor.ts'
import { createServer } from './http/server.ts'
import { createApprovalStore } from './intent/approval-store.ts'
import { createIntentHistory } from './intent/intent-history.ts'
import { createResolver } from './intent/resolver.ts'
import { createMetrics } from './metrics/metrics.ts'
import { openAccess } from './open-access.ts'
import { openAudit } from './open-audit.ts'
import { openChain } from './open-chain.ts'
import { openChatParts } from './open-chat.ts'
import { openDevnetPorts, openWatched } from './open-devnet.ts'
import { openEvents } from './open-events.ts'
import { createGameWorld, createTools, loadRules, loadScripted, readRuleTexts } from './open-games.ts'
import { openKillSwitch } from './open-kill-switch.ts'
import { openLive } from './open-live.ts'
import { openModels } from './open-models.ts'
import type { Records } from './open-records.ts'
import { crashAt, openRecords } from './open-records.ts'
import { openTracing, withSpans } from './open-tracing.ts'
import { openPlayers } from './open-wallets.ts'
import { randomId, systemClock } from './system.ts'
import { createLedgerView } from './tictactoe/ledger.ts'
import { createApprovals } from './tools/approvals.ts'
import { createRequestKeys } from './tools/request-keys.ts'
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
  const { database } = records
  const events = started.adopt(openEvents(config, { metrics, log }), (open) => open.close())
  const { publish } = events
  const kill = started.adopt(await openKillSwitch(config, { database, publish, log }), (open) => open.close())
  audit.watchKill(kill)
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
  // What only agents need is not even loaded where none run.
  const agency = config.isEnabled ? await import('./open-agents.ts') : undefined
  const spending = config.isEnabled
    ? await (await import('./open-spending.ts')).openSpending(config, { database, events, log })
    : undefined
  const bus = createTools(config, {
    games,
    log: log.child({ part: 'tools' }),
    approvals,
    keys: records.keys,
    kill,
    publish,
    onDenied: audit.onDenied,
    ...(spending ? { onCall: spending.onCall } : {}),
  })
  const tools = live.watchTools(audit.watchTools(metrics.watchTools(bus)))
  const { playerX, playerO } = wallets
  const models = openModels(config, { log, metrics: metrics.models, loadScripted: () => loadScripted(rules) })
  const parts = {
    bus,
    call: tools.call,
    database,
    events,
    kill,
    models,
    log,
    owner: records.bridgeId,
    observe: metrics.chats,
  }
  const agents = spending && (await agency?.openAgents(config, { ...parts, spending }))
  started.defer(async () => {
    await agents?.close()
    await models.close()
  })
  const otter = agents?.otter
  const chatParts = await openChatParts(config, { log, metrics, tracing, approvals, kill, otter })
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
    kill,
    agents: agents &&
      spending && { ...agents, ...spending, keys: createRequestKeys({ store: records.keys, clock: systemClock, log }) },
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
