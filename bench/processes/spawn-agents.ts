/** Prints what it takes until agents that did not run yet have begun a task, milliseconds each: `<folder> <agents>`. */
import { caller, startAgents } from './_agents.ts'

const [folder = '', count = '0'] = process.argv.slice(2)
const { names, parts, stop } = await startAgents(folder, Number(count))
const took: number[] = []
for (const name of names) {
  const startMs = performance.now()
  const { ended } = await parts.agents.begin(name, { input: 'Hello!' }, caller)
  took.push(performance.now() - startMs)
  const { status } = await ended
  if (status !== 'COMPLETED') throw new Error(`${name}: ${status}`)
}
await stop()
console.log(JSON.stringify(took.slice(10))) // the first ones compile
