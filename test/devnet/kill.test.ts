import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { canonicalize } from '../../src/signing/canonical.ts'
import { plainHash } from '../../src/signing/digest.ts'
import { uuid, workchain } from './fixtures.ts'
import { readMachine, startDevnet, temporaryFolder } from './kit.ts'

/** Runs the storm and kills it after so many lines. Gives the highest sequence number that it showed, by machine. */
async function stormUntilKilled(
  dataDir: string,
  lines: number,
): Promise<Map<number, { sequence: number; hash: string }>> {
  const script = new URL('./storm.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, dataDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const shown = new Map<number, { sequence: number; hash: string }>()
  let seen = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const [machine = '', sequence = '', hash = ''] = line.split(' ')
    if (hash.length === 64) shown.set(Number(machine), { sequence: Number(sequence), hash })
    if (++seen === lines) child.kill('SIGKILL')
  }
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  expect(child.signalCode).toBe('SIGKILL')
  return shown
}

test.each([60, 333, 900])(
  'killed after %i lines in a storm of writes, a ledger still holds all that was shown',
  async (lines) => {
    const dataDir = temporaryFolder()
    const shown = await stormUntilKilled(dataDir, lines)
    expect(shown.size).toBeGreaterThan(0)
    const devnet = await startDevnet({ dataDir })
    for (const [number, { sequence, hash }] of shown) {
      const { sequenceNumber, stateData } = await readMachine(devnet, workchain, uuid(number))
      expect(sequenceNumber).toBeGreaterThanOrEqual(sequence)
      // The total is the number of events, so what was shown is part of what is there.
      expect(plainHash(canonicalize({ total: sequence }))).toBe(hash)
      expect(stateData).toEqual({ total: sequenceNumber })
    }
  },
  20_000,
)
