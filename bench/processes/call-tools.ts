/** Prints what calls of a tool that does nothing take, by the bus and alone, and how long 100,000 look-ups take. */
import { z } from 'zod'
import { silentLog } from '../../src/core/log.ts'
import { systemClock } from '../../src/system.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import type { AgentContext } from '../../src/tools/tool.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { quantile } from '../statistics.ts'

const unused = () => Promise.reject(new Error('Nobody asks for a key.'))
const work = async ({ text }: { text: string }) => ({ result: { text } })
const tools = Array.from({ length: 100 }, (_, at) =>
  defineTool({
    name: `tool-${at}`,
    summary: 'Gives what it takes.',
    effect: 'read',
    origin: 'base',
    input: z.strictObject({ text: z.string() }),
    output: z.strictObject({ text: z.string() }),
    run: work,
  }),
)
const bus = createToolBus({
  tools,
  clock: systemClock,
  deadlineMs: 30_000,
  log: silentLog,
  keys: { claim: unused, settle: unused, release: unused, leave: unused },
})
for (const { description } of tools) bus.grant('ada', description.name)

const agent: AgentContext = {
  agentId: 'ada',
  grants: new Set(),
  permissions: new Set(['read']),
  scopes: new Set(),
  ids: { agentId: 'ada' },
  // No part of it is declared by the tool, so that none is reached.
  sandbox: {} as AgentContext['sandbox'],
  budget: { remaining: () => ({}) },
  commands: {},
}
const args = { text: 'x'.repeat(200) }
const { signal } = new AbortController()
const context = { traceId: 'trace', principal: 'bench', signal, agent }

async function microseconds(call: (name: string) => Promise<unknown>, calls: number): Promise<readonly number[]> {
  const took: number[] = []
  for (let at = 0; at < calls; at++) {
    const startMs = performance.now()
    await call(`tool-${at % tools.length}`)
    took.push((performance.now() - startMs) * 1_000)
  }
  return took
}

const byBus = async (name: string): Promise<void> => {
  const outcome = await bus.call(name, args, context)
  if (!outcome.success) throw new Error(outcome.error)
}
const alone = () => work(args)

await microseconds(byBus, 5_000) // compiled by now
const [bused, bare] = [await microseconds(byBus, 20_000), await microseconds(alone, 20_000)]

const startMs = performance.now()
for (let at = 0; at < 100_000; at++) if (bus.find(`tool-${at % 100}`) === undefined) throw new Error('lost')
const lookupsMs = performance.now() - startMs
console.log(JSON.stringify({ busP99: quantile(bused, 0.99), aloneP99: quantile(bare, 0.99), lookupsMs }))
