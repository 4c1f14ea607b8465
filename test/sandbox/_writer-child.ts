import process from 'node:process'
import { createFiles } from '../../src/sandbox/files.ts'
import { randomId, systemClock } from '../../src/system.ts'

/** Writes one file again and again, each time with another byte, and says so, until it is killed. */
const [root = '', size = ''] = process.argv.slice(2)
const files = createFiles({ root, clock: systemClock, newId: randomId })
for (let round = 1; ; round++) {
  await files.write('note.txt', new Uint8Array(Number(size)).fill(round % 256))
  process.stdout.write('.')
}
