import { join } from 'node:path'
import { runProgram } from './child.ts'
import type { Bound, Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { temporaryFolder } from './service.ts'

type Bytes = { readonly bytes: number }

/** What a game in play costs in memory, beside one KiB. */
export async function measureMemory(): Promise<readonly Figure[]> {
  const flags = ['--expose-gc']
  const folder = await temporaryFolder()
  try {
    const engine = await runProgram<Bytes>('memory', ['engine'], { flags, cores: [] })
    const whole = await runProgram<Bytes>('memory', ['process', join(folder.path, 'ledger')], { flags, cores: [] })
    return [
      row('engine heap per live game, KiB', engine, atMost(3)),
      row('resident memory per live game, KiB', whole, atMost(6)),
    ]
  } finally {
    await folder.remove()
  }
}

const row = (what: string, { bytes }: Bytes, bound: Bound): Figure =>
  figure(
    { bench: 'memory', what, bound },
    { what: 'a game', value: bytes, unit: 'B' },
    { what: 'a KiB', value: 1024, unit: 'B' },
  )
