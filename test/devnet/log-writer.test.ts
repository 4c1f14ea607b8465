import { expect, test } from 'vitest'
import type { LogFile } from '../../src/devnet/log-file.ts'
import { createLogWriter } from '../../src/devnet/log-writer.ts'

/** A disk in memory that counts its syncs, ends them when told to, and refuses while `full`. */
function createDisk() {
  const disk = { bytes: Buffer.alloc(0), synced: 0, syncs: 0, full: false, cuts: 0 }
  const file: LogFile = {
    async write(bytes, position) {
      if (disk.full) throw new Error('full')
      disk.bytes = Buffer.concat([disk.bytes.subarray(0, position), bytes])
    },
    async sync() {
      await new Promise(setImmediate)
      disk.syncs += 1
      disk.synced = disk.bytes.length
    },
    async truncate(length) {
      disk.cuts += 1
      disk.bytes = disk.bytes.subarray(0, length)
    },
    async close() {},
  }
  return { disk, file }
}

function createWriter(file: LogFile, sleep: () => Promise<void> = async () => {}) {
  const changes: string[] = []
  const clock = { nowMs: () => 0, monotonicMs: () => 0, sleep }
  const onChange = (failure: unknown) => void changes.push(failure === undefined ? 'writes again' : 'refuses')
  return { changes, writer: createLogWriter({ path: 'log', file, length: 0 }, { clock, onChange }) }
}

test('whatever waits goes out with one sync, in order, and each is durable when told so', async () => {
  const { disk, file } = createDisk()
  const { writer } = createWriter(file)
  const durable: number[] = []
  await Promise.all(
    Array.from({ length: 100 }, (_, index) => writer.append(`${index} `).then(() => durable.push(disk.synced))),
  )
  expect(disk.bytes.toString()).toBe(Array.from({ length: 100 }, (_, index) => `${index} `).join(''))
  expect(disk.syncs).toBe(2) // the first alone, the others together
  expect(durable.at(0)).toBe(2)
  expect(durable.at(-1)).toBe(disk.bytes.length)
})

test('after a failure it cuts what was half written and writes the same again', async () => {
  const { disk, file } = createDisk()
  const { writer, changes } = createWriter(file, async () => {
    disk.full = false
  })
  await writer.append('one ')
  disk.full = true
  await writer.append('two ')
  expect(disk.bytes.toString()).toBe('one two ')
  expect(disk.cuts).toBe(1)
  expect(changes).toEqual(['refuses', 'writes again'])
  expect(writer.isFailing()).toBe(false)
})

test('closed on a disk that refuses, it gives all that waits up, and writes nothing after a gap', async () => {
  const { disk, file } = createDisk()
  const { promise: waiting, resolve } = Promise.withResolvers<void>()
  const { writer } = createWriter(file, () => waiting)
  disk.full = true
  const lost = [writer.append('one '), writer.append('two ')].map((appended) =>
    appended.catch((error: unknown) => {
      disk.full = false // would work again now: too late, since one is missing
      return (error as { code: string }).code
    }),
  )
  const closed = writer.close()
  resolve()
  await closed
  expect(await Promise.all(lost)).toEqual(['LEDGER_UNWRITABLE', 'LEDGER_UNWRITABLE'])
  expect(disk.bytes.toString()).toBe('')
})

test('goes on in another file once everything before is durable', async () => {
  const [first, second] = [createDisk(), createDisk()]
  const { writer } = createWriter(first.file)
  const before = writer.append('before ')
  const switched = writer.switchTo(async () => {
    expect(first.disk.synced).toBe(7)
    return { path: 'next', file: second.file, length: 0 }
  })
  await Promise.all([before, switched, writer.append('after ')])
  expect(second.disk.bytes.toString()).toBe('after ')
})
