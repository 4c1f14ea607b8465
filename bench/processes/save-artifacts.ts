/** Prints how long a save of 10 MB takes, and how long it takes to hash, write and sync the same bytes: `<folder>`. */
import { hash, randomBytes } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { silentLog } from '../../src/core/log.ts'
import { createArtifactStore } from '../../src/session/create-artifact-store.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { median } from '../statistics.ts'

const [dir = ''] = process.argv.slice(2)
const store = createArtifactStore({
  dir,
  clock: systemClock,
  retentionDays: 7,
  isPaused: () => false,
  newId: randomId,
  log: silentLog,
})
const data = randomBytes(10_000_000)

async function writePlain(): Promise<void> {
  hash('sha256', data)
  const file = await open(join(dir, 'plain'), 'w')
  await file.writeFile(data)
  await file.datasync()
  await file.close()
}
async function save(): Promise<void> {
  await store.save({ namespace: 'agents', id: 'a' }, { name: 'state.json', type: 'checkpoint', data })
}
async function milliseconds(work: () => Promise<void>): Promise<number> {
  const startMs = performance.now()
  await work()
  return performance.now() - startMs
}

const times = { save: [] as number[], plain: [] as number[] }
for (let round = 0; round < 25; round++) {
  times.plain.push(await milliseconds(writePlain))
  times.save.push(await milliseconds(save))
}
console.log(JSON.stringify({ save: median(times.save.slice(5)), plain: median(times.plain.slice(5)) }))
