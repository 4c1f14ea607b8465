/** Saves a checkpoint of 10 MB again and again, and prints the number of each that is stored: `<folder> <last number>`. */
import { silentLog } from '../../src/core/log.ts'
import { createCheckpoints } from '../../src/session/checkpoints.ts'
import { createArtifactStore } from '../../src/session/create-artifact-store.ts'
import { randomId, systemClock } from '../../src/system.ts'

const [dir = '', last = '0'] = process.argv.slice(2)
const store = createArtifactStore({
  dir,
  clock: systemClock,
  retentionDays: 7,
  isPaused: () => false,
  newId: randomId,
  log: silentLog,
})
const checkpoints = createCheckpoints(store, systemClock)
for (let n = Number(last) + 1; n < 1_000_000; n++) {
  await checkpoints.save('a', 'state', { n, text: String(n % 10).repeat(10_000_000) })
  process.stdout.write(`${n}\n`)
}
