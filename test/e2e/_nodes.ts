import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { spawnOtto } from './_process.ts'

/** A process that says `ready`, and what it said with it. Its output is read on, so that it never waits for a reader. */
export type Running = {
  readonly child: ChildProcess
  readonly ready: Readonly<Record<string, unknown>>
  /** Ends it and waits until it is gone; gives its exit code. */
  kill(signal: NodeJS.Signals): Promise<number | null>
}

/** Runs `otto` until it is ready. */
export async function runReady(args: readonly string[], env: Record<string, string>): Promise<Running> {
  const child = spawnOtto(args, env)
  if (child.stdout === null || child.stderr === null) throw new Error('The process has no output.')
  let last = ''
  child.stderr.on('data', (chunk) => {
    last = String(chunk)
  })
  const { promise, resolve, reject } = Promise.withResolvers<Running['ready']>()
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = JSON.parse(line)
    if (entry.msg === 'ready') resolve(entry)
  })
  child.once('exit', () => reject(new Error(`otto ${args.join(' ')} ended before it was ready: ${last}`)))
  const ready = await promise
  return { child, ready, kill: (signal) => end(child, signal) }
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const closed = once(child, 'exit')
  child.kill(signal)
  const [code] = await closed
  return code
}

/** Ports that were free a moment ago: for a process that has to come back under the same ones. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      return server
    }),
  )
  return Promise.all(
    servers.map(async (server) => {
      const { port } = server.address() as AddressInfo // it listens on TCP
      server.close()
      await once(server, 'close')
      return port
    }),
  )
}
