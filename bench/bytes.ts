import { join } from 'node:path'
import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { temporaryFolder } from './service.ts'

/** What `build-ledger` tells: bytes a move, and of a game in a checkpoint. */
export type Built = {
  readonly moves: number
  readonly message: number
  readonly log: number
  readonly checkpoints: number
  readonly checkpointOfAGame: number
}

/** What is written for a move, 32 under way at once, beside its signed message. */
export async function measureBytes(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const built = await runProgram<Built>('build-ledger', [join(folder.path, 'ledger'), '9000'], { cores: [] })
    return [
      figure(
        {
          bench: 'bytes',
          what: 'written per move / the signed message',
          bound: atMost(1.3),
          note: `the log; a game takes ${Math.round(built.checkpointOfAGame)} B in each checkpoint`,
        },
        { what: 'log', value: built.log, unit: 'B' },
        { what: 'message', value: built.message, unit: 'B' },
      ),
    ]
  } finally {
    await folder.remove()
  }
}
