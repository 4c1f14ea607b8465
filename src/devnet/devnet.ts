import type { Clock, NewId } from '../core/clock.ts'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonValue } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Engine } from '../fiber/engine.ts'
import { createEngine } from '../fiber/engine.ts'
import type { Signer } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'
import { createVerifier } from '../signing/verify.ts'
import { createAdmission } from './admission.ts'
import type { WebhookReach } from './callback-url.ts'
import type { Snapshot } from './ledger.ts'
import type { OpenLogFile } from './log-file.ts'
import { openLogFile } from './log-file.ts'
import type { Node } from './node.ts'
import { openNodeKey } from './node-key.ts'
import type { OpenLedger } from './open-ledger.ts'
import { openLedger } from './open-ledger.ts'
import { createPorts } from './ports.ts'
import type { OnSnapshot } from './published.ts'
import { createPublished } from './published.ts'
import { createQueue } from './queue.ts'
import type { Answer, Layer, Router } from './router.ts'
import { createRouter } from './router.ts'
import { l0Routes } from './routes-l0.ts'
import { l1Routes } from './routes-l1.ts'
import { metricsRoute } from './routes-metrics.ts'
import { nodeRoutes } from './routes-node.ts'
import { snapshotRoutes } from './routes-snapshots.ts'
import { webhookRoutes } from './routes-webhooks.ts'
import { createSnapshotLoop } from './snapshot-loop.ts'
import { createWebhooks } from './webhooks.ts'

export type DevnetOptions = {
  readonly dialect: Dialect
  /** The ledger's own folder, made when absent; null keeps nothing. */
  readonly dataDir: string | null
  /** Milliseconds between snapshots; 0: as soon as there is work. */
  readonly snapshotMs: number
  /** Every answer comes this much later, milliseconds. */
  readonly latencyMs: number
  /** L0 shows the state of this many snapshots ago. */
  readonly lagOrdinals: number
  /** Repeated events told by their key, the state under its other name, every machine's events: no real node has them. */
  readonly extensions: boolean
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
  /** A checkpoint after this many snapshots; 2,000 unless told. */
  readonly checkpointEvery?: number
  /** The rules; an engine of its own unless told. */
  readonly engine?: Engine
  /** Checks proofs, unless told with 1,000 keys kept. */
  readonly verifier?: Verifier
  /** Where subscribers may be called (ottochain only): nowhere unless told. */
  readonly webhooks?: WebhookReach
  /** How files are written; the real way unless told. */
  readonly openFile?: OpenLogFile
}

/** A request to one layer, as the chain's transport has it. */
export type DevnetRequest = {
  readonly layer: Layer
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: JsonValue
  readonly signal: AbortSignal
}

/** A metagraph of one node, in this process: answers as a real node's, in memory or over HTTP. */
export type Devnet = {
  /** The same answer as over HTTP. Rejects with the signal's reason when that fires first. */
  request(request: DevnetRequest): Promise<Answer>
  /** Calls back after each snapshot and each refusal, with the ids of the fibers it touched. */
  onSnapshot(listener: OnSnapshot): () => void
  /** The snapshot of an ordinal or a hash, as long as L0 shows it: what it was made of, without the state after it. */
  findSnapshot(name: number | string): Snapshot | undefined
  /** Serves both layers over HTTP; port 0 lets the system choose. @throws ListenFailedError */
  listen(addresses: { host: string; l1Port: number; l0Port: number }): Promise<{ l1Port: number; l0Port: number }>
  /** Executes what was queued, makes it durable, and gives the folder free. */
  close(): Promise<void>
}

const defaultCheckpointEvery = 2_000
const maxKnownKeys = 1_000 // players' public keys, 1 KiB each

/**
 * Opens the ledger and begins to make snapshots.
 * @throws LedgerLockedError, LedgerForeignError, LedgerDamagedError, LedgerUnwritableError
 */
export async function openDevnet(options: DevnetOptions): Promise<Devnet> {
  const { dataDir, checkpointEvery = defaultCheckpointEvery, openFile = openLogFile, engine = createEngine() } = options
  const opened = await openLedger({ ...options, folder: dataDir, engine, checkpointEvery, openFile })
  try {
    return createDevnet(options, engine, opened, await openNodeKey(dataDir))
  } catch (error) {
    await opened.store.close()
    throw error
  }
}

function createDevnet(options: DevnetOptions, engine: Engine, { ledger, store }: OpenLedger, signer: Signer): Devnet {
  const { dialect, latencyMs, lagOrdinals, extensions, clock, webhooks: reach = 'off' } = options
  const node: Node = { signer, session: clock.nowMs(), state: 'Ready', host: 'localhost', ports: { l1: 0, l0: 0 } }
  const dedupe = extensions // only the workchain dialect's messages carry keys
  const queue = createQueue()
  const webhooks = createWebhooks({ ...options, reach, metagraphId: signer.address })
  const published = createPublished({ image: ledger.image(), lagOrdinals }, webhooks.announce)
  const metrics = metricsRoute({ published, queue, node })
  const loop = createSnapshotLoop({ ...options, ledger, queue, store, published, dedupe })
  store.onWritable(loop.wake)
  const verifier = options.verifier ?? createVerifier({ maxKeys: maxKnownKeys })
  const submit = createAdmission({ dialect, engine, verifier, ledger, published, queue, loop, store, node, dedupe })
  const routers: { readonly [layer in Layer]: Router } = {
    l1: createRouter([
      ...nodeRoutes(node, 'l1'),
      metrics,
      ...l1Routes({ dialect, engine, published, queue, submit, node }),
    ]),
    l0: createRouter([
      ...nodeRoutes(node, 'l0'),
      metrics,
      ...l0Routes({ dialect, published, extensions }),
      ...(dialect.name === 'ottochain' ? webhookRoutes({ prefix: dialect.prefix, webhooks }) : []),
      ...snapshotRoutes({ dialect, published, node }),
    ]),
  }
  const delay = async (signal: AbortSignal) => (latencyMs > 0 ? clock.sleep(latencyMs, signal) : undefined)
  const ports = createPorts({ node, routers, delay, log: options.log })
  let closing: Promise<void> | undefined

  async function close(): Promise<void> {
    node.state = 'Leaving' // nothing is taken any more, and what was taken is still shown when it has run
    await loop.stop()
    // Not awaited one by one: on a full disk they end only when the store closes.
    if (!store.isFailing()) void store.checkpoint(ledger.image())
    await store.close()
    await loop.settled()
    await Promise.all([ports.close(), webhooks.close()])
    node.state = 'Offline'
  }

  return {
    async request({ layer, method, path, body, signal }) {
      signal.throwIfAborted()
      const answer = await routers[layer](method, path, () => bodyOf(body))
      await delay(signal)
      return answer
    },
    onSnapshot: published.onSnapshot,
    findSnapshot: (name) => (node.state === 'Ready' ? published.history.find(name)?.snapshot : undefined),
    listen: ports.listen,
    close() {
      closing ??= close()
      return closing
    },
  }
}

/** @throws InvalidJsonError without a body, as an empty one over HTTP does */
const bodyOf = (body: JsonValue | undefined): JsonValue => body ?? (body === null ? null : decodeJson(''))
