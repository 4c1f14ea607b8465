import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { temporaryFolder } from './service.ts'
import { quantile } from './statistics.ts'

const agents = 210
const boundMs = 50

/** From the first word to an agent that does not run yet until its task is begun and written down. */
export async function measureSpawn(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const took = await runProgram<readonly number[]>('spawn-agents', [folder.path, String(agents)])
    return [
      figure(
        { bench: 'spawn', what: 'p99 of starting an agent with its first task / 50 ms', bound: atMost(1) },
        { what: 'start', value: quantile(took, 0.99), unit: 'ms' },
        { what: 'bound', value: boundMs, unit: 'ms' },
      ),
    ]
  } finally {
    await folder.remove()
  }
}
