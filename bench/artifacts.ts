import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { temporaryFolder } from './service.ts'

/** Saving a checkpoint of 10 MB beside hashing, writing and syncing the same bytes. */
export async function measureArtifacts(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const { save, plain } = await runProgram<{ save: number; plain: number }>('save-artifacts', [folder.path])
    return [
      figure(
        { bench: 'artifacts', what: 'saving 10 MB / hashing, writing and syncing them', bound: atMost(2) },
        { what: 'save', value: save, unit: 'ms' },
        { what: 'plain', value: plain, unit: 'ms' },
      ),
      figure(
        { bench: 'artifacts', what: 'the same save / 100 ms', bound: atMost(1) },
        { what: 'save', value: save, unit: 'ms' },
        { what: 'bound', value: 100, unit: 'ms' },
      ),
    ]
  } finally {
    await folder.remove()
  }
}
