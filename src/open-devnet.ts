import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { isJsonArray } from './core/json.ts'
import type { Devnet, DevnetOptions } from './devnet/devnet.ts'
import { openDevnet } from './devnet/devnet.ts'
import type { Dialect } from './dialect/dialect.ts'
import { createEngine } from './fiber/engine.ts'
import type { Metrics } from './metrics/metrics.ts'
import { createVerifier } from './signing/verify.ts'
import { randomId, systemClock } from './system.ts'
import type { Rules } from './tictactoe/rules.ts'

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
export async function openWatched(config: Config, { dialect, rules, metrics, log }: WatchedParts): Promise<Devnet> {
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

/** The embedded ledger is reachable as a real one is. A taken port costs a warning, not the start. */
export async function openDevnetPorts(
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
