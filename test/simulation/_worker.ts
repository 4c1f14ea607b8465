import { runSeed } from './run-seed.ts'

/** Runs the seeds from `from` to before `end`, and tells its parent of each. */
const [from = 0, end = 0] = process.argv.slice(2).map(Number)

// In a world nobody may be left alone with an error.
const strays: string[] = []
process.on('unhandledRejection', (reason) => strays.push(String(reason)))

for (let seed = from; seed < end; seed += 1) {
  const { trace: _, violations, ...report } = await runSeed(seed)
  const alone = strays.splice(0).map((reason) => `nobody caught: ${reason}`)
  process.send?.({ ...report, violations: [...violations, ...alone] })
}
