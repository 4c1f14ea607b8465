/** Gives each of so many agents a task at once and prints how many completed and how long it took: `<folder> <agents>`. */
import { caller, startAgents } from './_agents.ts'

/** `most` ran at one time, as far as a look every 5 ms saw. */
export type ManyAgents = { readonly completed: number; readonly most: number; readonly ms: number }

const [folder = '', count = '0'] = process.argv.slice(2)
const { names, parts, stop } = await startAgents(folder, Number(count))
const { invoke, list } = parts.agents
await invoke('agent-0', { input: 'Hello!' }, caller) // compiled by now
let most = 0
const looking = setInterval(() => {
  most = Math.max(most, list().filter(({ running }) => running > 0).length)
}, 5)
const startMs = performance.now()
const results = await Promise.all(names.map((name) => invoke(name, { input: 'Hello!' }, caller)))
const ms = performance.now() - startMs
clearInterval(looking)
await stop()
const completed = results.filter(({ status }) => status === 'COMPLETED').length
console.log(JSON.stringify({ completed, most, ms } satisfies ManyAgents))
