import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { onTestFinished } from 'vitest'
import { spawnOtto } from '../e2e/_process.ts'

/** `otto signer` with key stores in a folder, once it says that it is ready. Ends with the running test. */
export async function startSigner(dir: string, env: Record<string, string> = {}, args = ['--port', '0']) {
  const child = spawnOtto(['signer', ...args], { OTTO_WALLET_DIR: join(dir, 'keys'), ...env })
  const { stdout } = child
  if (stdout === null) throw new Error('The process has no output.')
  const exited = once(child, 'exit')
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal)
    const [code] = await exited
    return code
  }
  onTestFinished(async () => {
    await stop()
  })
  const lines: string[] = []
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const reader = createInterface({ input: stdout })
  reader.on('line', (line) => lines.push(line))
  await Promise.race([once(reader, 'line'), exited])
  const { url, X, O } = JSON.parse(lines[0] ?? '{}')
  if (url === undefined) throw new Error('The signer did not start.')
  const addresses = { playerX: String(X), playerO: String(O) }
  return { url: String(url), addresses, lines, stop, child, errors: () => errors }
}
