import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { end } from './child.ts'
import { pinned } from './machine.ts'
import { get, openConnection } from './processes/_connection.ts'

/** A service in a process of its own. */
export type Service = {
  readonly port: number
  readonly pid: number
  /** From the spawn to its first answer of 200, milliseconds. */
  readonly startMs: number
  /** Sends a signal to the process. */
  signal(name: NodeJS.Signals): void
  /** Its exit code once it is gone, null when a signal ended it. */
  readonly ended: Promise<number | null>
  stop(): Promise<void>
}

export type ServiceOptions = {
  /** The cores it may use; all when empty. */
  readonly cores: readonly number[]
  /** Options of Node, in front of the program. */
  readonly flags?: readonly string[]
  /** Where its ledger and wallets go; a temporary folder unless told. */
  readonly folder?: string
  readonly env?: Readonly<Record<string, string>>
}

const otto = fileURLToPath(new URL('../bin/otto.js', import.meta.url))

/** A folder that `remove` takes away again. */
export async function temporaryFolder(parent = tmpdir()): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(parent, 'otto-bench-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

/** Otto as a user starts it, with its own ledger, its default log going to a file. */
export async function startOtto({ cores, flags = [], folder, env = {} }: ServiceOptions): Promise<Service> {
  const own = folder === undefined ? await temporaryFolder() : undefined
  const home = folder ?? own?.path ?? ''
  const settings = {
    OTTO_PORT: '0',
    OTTO_DEVNET_L1_PORT: '0',
    OTTO_DEVNET_L0_PORT: '0',
    OTTO_DATA_DIR: join(home, 'var'),
    OTTO_WALLET_DIR: join(home, 'wallets'),
    OTTO_RATE_LIMIT: 'off',
    OTTO_MAX_LOOP_DELAY_MS: '0',
    ...env,
  }
  const service = await startProgram([...flags, otto, 'serve'], { cores, env: settings, log: join(home, 'log.jsonl') })
  return {
    ...service,
    async stop() {
      await service.stop()
      await own?.remove()
    },
  }
}

type ProgramOptions = {
  readonly cores: readonly number[]
  readonly env?: Readonly<Record<string, string>>
  readonly log: string
}

/** A program that prints a line of JSON with its `url` once it listens, and answers 200 at /health/live. */
export async function startProgram(
  args: readonly string[],
  { cores, env = {}, log }: ProgramOptions,
): Promise<Service> {
  const { PATH = '', HOME = '' } = process.env
  const startedMs = performance.now()
  const [command, ...rest] = pinned(cores, args)
  const child = spawn(command, rest, { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })
  const file = createWriteStream(log)
  const ended = once(child, 'exit').then(([code]: (number | null)[]) => code ?? null)
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('exit', (code) => reject(new Error(`The service ended with ${code}; see ${log}`)))
  lines.on('line', (line) => {
    const { url } = JSON.parse(line)
    if (typeof url === 'string') resolve(Number(new URL(url).port))
  })
  child.stdout.pipe(file)
  const port = await promise
  lines.close()
  child.stdout.resume()
  await answers(port)
  return {
    port,
    pid: child.pid ?? 0,
    startMs: performance.now() - startedMs,
    signal: (name) => void child.kill(name),
    ended,
    async stop() {
      await end(child, 'SIGTERM')
      if (!file.writableFinished) await once(file, 'finish')
    },
  }
}

async function answers(port: number): Promise<void> {
  const connection = await openConnection(port)
  try {
    await connection.send(get('/health/live'))
  } finally {
    connection.close()
  }
}

/** Resident memory, bytes. Linux only. */
export async function residentBytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024
}
