/**
 * Invokes an agent so often, a warm-up and then in equal parts, each time in a session of its own, and prints what this
 * process held after each: `node --expose-gc agent-soak.ts <folder> <warm-up> <parts> <invocations a part>`.
 */
import { caller, startAgents } from './_agents.ts'
import { inParallel } from './_ledger.ts'
import type { Sample } from './_sample.ts'
import { takeSample } from './_sample.ts'

const atOnce = 32
const [folder = '', ...counts] = process.argv.slice(2)
const [warm = 0, parts = 0, size = 0] = counts.map(Number)

const otto = await startAgents(folder, 1)
const invoke = (count: number) =>
  inParallel(count, atOnce, async () => {
    const { status, error } = await otto.parts.agents.invoke('agent-0', { input: 'Hello!' }, caller)
    if (status !== 'COMPLETED') throw new Error(`${status}: ${error?.message}`)
  })
await invoke(warm)
const samples: Sample[] = [takeSample('agent-soak', 0)]
for (let part = 1; part <= parts; part++) {
  await invoke(size)
  samples.push(takeSample('agent-soak', part * size))
}
await otto.stop()
console.log(JSON.stringify(samples))
