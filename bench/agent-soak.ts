import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import type { Sample } from './processes/_sample.ts'
import { temporaryFolder } from './service.ts'
import { steadyFigures } from './steady.ts'

/** More or fewer are asked for by BENCH_AGENT_TASKS: `BENCH_AGENT_TASKS=1000 npm run bench -- agent-soak`. */
const tasks = Number(process.env['BENCH_AGENT_TASKS'] ?? 10_000)
const warm = Math.ceil(tasks / 4)
const parts = 10

/** Many tasks of an agent, each in a session of its own: does what the process holds grow with them? */
export async function measureAgentSoak(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  try {
    const args = [folder.path, ...[warm, parts, Math.ceil((tasks - warm) / parts)].map(String)]
    const options = { flags: ['--expose-gc'], cores: [] }
    const samples = await runProgram<readonly Sample[]>('agent-soak', args, options)
    return steadyFigures({ bench: 'agent-soak', one: 'a task', warm, bound: 128 }, samples)
  } finally {
    await folder.remove()
  }
}
