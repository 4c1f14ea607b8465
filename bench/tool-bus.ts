import { runProgram } from './child.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'

/** What `call-tools` tells: microseconds of a call, by the bus and by the tool's own function; and of look-ups, ms. */
export type CalledTools = { readonly busP99: number; readonly aloneP99: number; readonly lookupsMs: number }

const boundUs = 1_000
const boundMs = 100

/** What the bus adds to a call of a tool, and its look-ups, beside what they are held to. */
export async function measureToolBus(): Promise<readonly Figure[]> {
  const { busP99, aloneP99, lookupsMs } = await runProgram<CalledTools>('call-tools')
  return [
    figure(
      { bench: 'tool-bus', what: 'p99 of a call by the bus, less that of the tool alone / 1 ms', bound: atMost(1) },
      { what: 'added', value: busP99 - aloneP99, unit: 'µs' },
      { what: 'bound', value: boundUs, unit: 'µs' },
    ),
    figure(
      { bench: 'tool-bus', what: '100,000 look-ups of a tool / 100 ms', bound: atMost(1) },
      { what: 'look-ups', value: lookupsMs, unit: 'ms' },
      { what: 'bound', value: boundMs, unit: 'ms' },
    ),
  ]
}
