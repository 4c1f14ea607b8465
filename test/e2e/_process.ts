import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { client, noModelUrl } from './_service.ts'

const bin = fileURLToPath(new URL('../../bin/otto.js', import.meta.url))

/** Settings that keep a process inside a folder and off the standard ports. */
export const settingsIn = (dir: string): Record<string, string> => ({
  OTTO_PORT: '0',
  OTTO_DEVNET_L1_PORT: '0',
  OTTO_DEVNET_L0_PORT: '0',
  OTTO_DATA_DIR: join(dir, 'var'),
  OTTO_WALLET_DIR: join(dir, 'wallets'),
  OTTO_RATE_LIMIT: 'off',
  OTTO_MAX_LOOP_DELAY_MS: '0',
  OLLAMA_URL: noModelUrl,
})

/** Runs `otto` as a person does: its own process, its own environment. */
export function spawnOtto(args: readonly string[], env: Record<string, string>): ChildProcess {
  const { PATH = '', HOME = '' } = process.env
  return spawn(process.execPath, [bin, ...args], { env: { PATH, HOME, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** The exit code and everything printed. */
export async function runOtto(args: readonly string[], env: Record<string, string>) {
  const child = spawnOtto(args, env)
  let out = ''
  let err = ''
  child.stdout?.on('data', (chunk) => {
    out += chunk
  })
  child.stderr?.on('data', (chunk) => {
    err += chunk
  })
  const [code] = await once(child, 'close')
  return { code, out, err }
}

/** `otto serve`, once it says that it is ready. */
export async function serve(dir: string, env: Record<string, string> = {}) {
  const child = spawnOtto(['serve'], { ...settingsIn(dir), ...env })
  const { stdout } = child
  if (stdout === null) throw new Error('The process has no output.')
  for await (const line of createInterface({ input: stdout })) {
    const entry = JSON.parse(line)
    if (entry.msg === 'ready')
      return { child, ...client(entry.url), kill: (signal: NodeJS.Signals) => end(child, signal) }
  }
  throw new Error('The service did not start.')
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const closed = once(child, 'exit')
  child.stdout?.resume()
  child.kill(signal)
  const [code] = await closed
  return code
}
