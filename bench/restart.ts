import { join } from 'node:path'
import type { Built } from './bytes.ts'
import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

const moves = 100_000
const rounds = 3

/** Opening a ledger of many moves beside parsing the rows that it has to read. */
export async function measureRestart(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  const ledger = join(folder.path, 'ledger')
  try {
    const built = await runProgram<Built>('build-ledger', [ledger, String(moves)], { cores: [] })
    const opened: number[] = []
    const parsed: number[] = []
    let rows = 0
    for (let round = 0; round < rounds; round++) {
      // Parsed first: opening may write a checkpoint when it closes.
      const parse = await runProgram<{ ms: number; rows: number }>('restart', ['parse', ledger])
      parsed.push(parse.ms)
      rows = parse.rows
      opened.push((await runProgram<{ ms: number }>('restart', ['open', ledger])).ms)
    }
    return [
      figure(
        {
          bench: 'restart',
          what: 'opening a ledger of 100,000 moves / JSON.parse of the same rows',
          bound: atMost(3),
          note: `${rows} rows: the newest checkpoint and what followed; building it wrote ${Math.round(built.checkpoints)} B a move to checkpoints`,
        },
        { what: 'open', value: median(opened), unit: 'ms' },
        { what: 'parse', value: median(parsed), unit: 'ms' },
      ),
    ]
  } finally {
    await folder.remove()
  }
}
