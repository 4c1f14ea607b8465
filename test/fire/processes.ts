import { join } from 'node:path'
import type { Running } from '../e2e/_nodes.ts'
import { freePorts, runReady } from '../e2e/_nodes.ts'
import { settingsIn } from '../e2e/_process.ts'

/** A process that can be killed and started again, at the address that it had. */
export type Mortal = {
  readonly url: string
  /** Ends it and gives its exit code; harmless where it is gone already. */
  kill(signal: NodeJS.Signals): Promise<number | null>
  pid(): number | undefined
  /** Tells it something that it outlives. */
  signal(signal: NodeJS.Signals): void
  /** Starts it again once it is gone; what is given replaces settings for this life. @throws when it does not get ready */
  revive(env?: Record<string, string>): Promise<void>
}

/** A ledger of its own process. */
export type MortalLedger = Omit<Mortal, 'url'> & { readonly l1: string; readonly l0: string }

/** `otto ledger dev` in a folder, with snapshots at this pace. */
export async function startLedger(dir: string, snapshotMs = 10): Promise<MortalLedger> {
  const [l1 = 0, l0 = 0] = await freePorts(2)
  const life = await live(['ledger', 'dev'], {
    ...settingsIn(dir),
    OTTO_DATA_DIR: join(dir, 'ledger'),
    OTTO_DEVNET_L1_PORT: String(l1),
    OTTO_DEVNET_L0_PORT: String(l0),
    OTTO_SNAPSHOT_MS: String(snapshotMs),
    OTTO_LOG_LEVEL: 'info',
  })
  return { ...life, l1: `http://127.0.0.1:${l1}`, l0: `http://127.0.0.1:${l0}` }
}

/** Where a ledger is reached. */
export type LedgerAddress = { readonly l1: string; readonly l0: string }

/** `otto serve` on a ledger elsewhere; `name` is its data folder, while all bridges of a folder share its wallets. */
export async function startBridge(
  dir: string,
  name: string,
  { l1, l0 }: LedgerAddress,
  env: Record<string, string> = {},
): Promise<Mortal> {
  const [port = 0] = await freePorts(1)
  const settings = {
    ...settingsIn(dir),
    OTTO_DATA_DIR: join(dir, name),
    OTTO_PORT: String(port),
    OTTO_L1_URL: l1,
    OTTO_L0_URL: l0,
    NODE_ENV: 'test',
    ...env,
  }
  return { ...(await live(['serve'], settings)), url: `http://127.0.0.1:${port}` }
}

async function live(args: readonly string[], env: Record<string, string>): Promise<Omit<Mortal, 'url'>> {
  let running: Running = await runReady(args, env)
  return {
    kill: (signal) => running.kill(signal),
    pid: () => running.child.pid,
    signal: (signal) => void running.child.kill(signal),
    async revive(more = {}) {
      const { OTTO_TEST_CRASHPOINT: _, ...rest } = env
      running = await runReady(args, { ...rest, ...more })
    },
  }
}
