import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { settingsIn, spawnOtto } from '../e2e/_process.ts'

/** `otto ledger dev` in a folder, once it says that it is ready. */
export async function startDevnet(dir: string, env: Record<string, string> = {}) {
  const child = spawnOtto(['ledger', 'dev'], { ...settingsIn(dir), ...env })
  const { stdout } = child
  if (stdout === null) throw new Error('The process has no output.')
  for await (const line of createInterface({ input: stdout })) {
    const { msg, l1Port, l0Port } = JSON.parse(line)
    if (msg !== 'ready') continue
    stdout.resume()
    return {
      pid: child.pid,
      l1: `http://127.0.0.1:${l1Port}`,
      l0: `http://127.0.0.1:${l0Port}`,
      ports: { OTTO_DEVNET_L1_PORT: String(l1Port), OTTO_DEVNET_L0_PORT: String(l0Port) },
      async stop(signal: NodeJS.Signals = 'SIGTERM') {
        const exit = once(child, 'exit')
        child.kill(signal)
        const [code] = await exit
        return code
      },
    }
  }
  throw new Error('The devnet did not start.')
}
