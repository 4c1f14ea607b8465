import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'
import type { ManyAgents } from './processes/many-agents.ts'
import { temporaryFolder } from './service.ts'

const agents = 500
const bench = 'agents'

/** A task for each of 500 agents at once, in one process on two cores: do all of them end, and how fast? */
export async function measureAgents(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const args = [folder.path, String(agents)]
    const { completed, most, ms } = await runProgram<ManyAgents>('many-agents', args, { cores: [] })
    return [
      figure(
        {
          bench,
          what: 'tasks completed of 500 agents at once',
          bound: atLeast(1),
          note: `${most} seen running at once`,
        },
        { what: 'completed', value: completed, unit: '' },
        { what: 'asked', value: agents, unit: '' },
      ),
      figure(
        { bench, what: 'of these, time a task, starting its agent and storing its files, ms', bound: atMost(50) },
        { what: 'a task', value: ms / agents, unit: 'ms' },
        { what: 'a ms', value: 1, unit: 'ms' },
      ),
    ]
  } finally {
    await folder.remove()
  }
}
