import { appendFile, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { expect, test } from 'vitest'
import type { OpenAuditFile } from '../../src/audit/_file.ts'
import { openAuditFile } from '../../src/audit/_file.ts'
import type { Audit } from '../../src/audit/audit.ts'
import { verifyAudit } from '../../src/audit/verify-file.ts'
import { systemClock } from '../../src/system.ts'
import { callOf, logPath, openLog, recordsIn, writtenLog } from './_logs.ts'

/** A disk that can be made to fail, half a write into it. */
function failingDisk() {
  const state = { isFull: false, isUnsyncable: false, writes: 0, syncs: 0 }
  const full = () => Object.assign(new Error('no space left on device'), { code: 'ENOSPC' })
  const openFile: OpenAuditFile = async (path, endBytes) => {
    const opened = await openAuditFile(path, endBytes)
    const { file } = opened
    return {
      ...opened,
      file: {
        ...file,
        async append(bytes) {
          state.writes += 1
          const { isFull } = state // as the write begins
          await file.append(isFull ? bytes.subarray(0, bytes.length / 2) : bytes)
          if (isFull) throw full()
        },
        async sync() {
          state.syncs += 1
          if (state.isUnsyncable) throw full()
          await file.sync()
        },
      },
    }
  }
  return { state, openFile }
}

const isWritable = ({ assertWritable }: Audit): boolean => {
  try {
    assertWritable()
    return true
  } catch {
    return false
  }
}

/** Waits of a second end at once. */
const hastyClock = { ...systemClock, sleep: (_ms: number, signal?: AbortSignal) => systemClock.sleep(5, signal) }

test('the file and its folder are for their owner alone, and the chain goes on over restarts', async () => {
  const file = `${dirname(await logPath())}/made/audit.jsonl`
  for (const traceId of ['a', 'b', 'c']) {
    const { audit } = await openLog(file)
    audit.append(callOf(traceId))
    await audit.close()
  }
  expect((await stat(file)).mode & 0o777).toBe(0o600)
  expect((await stat(dirname(file))).mode & 0o777).toBe(0o700)
  expect(await recordsIn(file)).toMatchObject([
    { seq: 1, traceId: 'a' },
    { seq: 2, traceId: 'b' },
    { seq: 3, traceId: 'c' },
  ])
  expect((await verifyAudit(file)).broken).toBeUndefined()
})

test('an unfinished line is cut off, and a record says how long it was', async () => {
  const file = await writtenLog(2)
  await appendFile(file, '{"seq":3,"at":')
  const { audit, said } = await openLog(file)
  audit.append(callOf('after'))
  await audit.close()
  expect(await recordsIn(file)).toMatchObject([
    { seq: 1 },
    { seq: 2 },
    { seq: 3, kind: 'repair', droppedBytes: 14 },
    { seq: 4, traceId: 'after' },
  ])
  expect(said).toContainEqual(expect.objectContaining({ level: 'warn', fields: { file, droppedBytes: 14 } }))
  expect((await verifyAudit(file)).broken).toBeUndefined()
})

test('a file with nothing whole in it begins anew', async () => {
  const file = await logPath()
  await writeFile(file, '{"seq":1,')
  const { audit } = await openLog(file)
  await audit.close()
  expect(await recordsIn(file)).toMatchObject([{ seq: 1, prev: '0'.repeat(64), kind: 'repair', droppedBytes: 9 }])
})

test.each([
  { name: 'a last line that was changed', change: (text: string) => text.replace(/OK(?=[^\n]*\n$)/, 'KO') },
  { name: 'a last line that is none of ours', change: (text: string) => `${text}hello\n` },
  { name: 'an endless last line', change: (text: string) => `${text}${'x'.repeat(1_100_000)}` },
])('$name ends the start, and nothing is changed', async ({ change }) => {
  const file = await writtenLog(2)
  const text = change(await readFile(file, 'utf8'))
  await writeFile(file, text)
  await expect(openLog(file)).rejects.toMatchObject({ code: 'AUDIT_DAMAGED', kind: 'invalid' })
  expect(await readFile(file, 'utf8')).toBe(text)
  // And it can be opened once it is put right.
  await writeFile(file, '')
  await (await openLog(file)).audit.close()
})

test('a second writer of the same file is refused, until the first is gone', async () => {
  const file = await logPath()
  const { audit } = await openLog(file)
  await expect(openLog(file)).rejects.toMatchObject({ code: 'AUDIT_LOCKED', kind: 'invalid' })
  await audit.close()
  await (await openLog(file)).audit.close()
})

test('a folder in the place of the file ends the start', async () => {
  const file = await logPath()
  await mkdir(file)
  await expect(openLog(file)).rejects.toMatchObject({ code: 'AUDIT_UNWRITABLE', kind: 'invalid' })
})

test('what comes together goes out together, and is synced once', async () => {
  const { state, openFile } = failingDisk()
  const file = await logPath()
  const { audit } = await openLog(file, { openFile })
  for (let at = 0; at < 1_000; at++) audit.append(callOf(`trace-${at}`))
  await audit.close()
  expect(state.writes).toBeLessThan(10)
  expect(state.syncs).toBeLessThan(10)
  expect((await recordsIn(file)).map(({ traceId }) => traceId)).toEqual(
    Array.from({ length: 1_000 }, (_, at) => `trace-${at}`),
  )
})

test.each(['isFull', 'isUnsyncable'] as const)(
  'a disk that fails (%s) makes the log unwritable; it comes back by itself, whole',
  async (way) => {
    const { state, openFile } = failingDisk()
    const file = await logPath()
    const { audit, said } = await openLog(file, { openFile, clock: hastyClock })
    audit.append(callOf('before'))
    await expect.poll(() => state.syncs).toBeGreaterThan(0)
    audit.assertWritable()
    state[way] = true
    audit.append(callOf('during'))
    await expect.poll(() => isWritable(audit)).toBe(false)
    expect(audit.assertWritable).toThrow(expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }))
    audit.append(callOf('later'))
    state[way] = false
    await expect.poll(() => isWritable(audit)).toBe(true)
    await audit.close()
    expect((await recordsIn(file)).map(({ traceId }) => traceId)).toEqual(['before', 'during', 'later'])
    expect((await verifyAudit(file)).broken).toBeUndefined()
    expect(said.filter(({ level }) => level === 'error')).toHaveLength(1)
    expect(said.map(({ message }) => message)).toContain('the audit log can be written again')
  },
)

test('what there is no room for is counted, and a record says how many', async () => {
  const { state, openFile } = failingDisk()
  const file = await logPath()
  const { audit } = await openLog(file, { openFile, clock: hastyClock, maxHeld: 10 })
  state.isFull = true
  for (let at = 0; at < 25; at++) audit.append(callOf(`trace-${at}`))
  expect(audit.assertWritable).toThrow(expect.objectContaining({ code: 'STORAGE_UNAVAILABLE' }))
  await expect.poll(() => state.writes).toBeGreaterThan(2)
  state.isFull = false
  await expect.poll(() => isWritable(audit)).toBe(true)
  await audit.close()
  const records = await recordsIn(file)
  expect(records).toHaveLength(11)
  expect(records.at(-1)).toMatchObject({ seq: 11, kind: 'gap', lost: 15 })
  expect((await verifyAudit(file)).broken).toBeUndefined()
})

test('closing on a disk that stays full says what is lost, and leaves what was safe', async () => {
  const { state, openFile } = failingDisk()
  const file = await logPath()
  const { audit, said } = await openLog(file, { openFile, clock: hastyClock })
  audit.append(callOf('safe'))
  await expect.poll(() => state.syncs).toBeGreaterThan(0)
  state.isFull = true
  audit.append(callOf('lost'))
  await audit.close()
  audit.append(callOf('after the end'))
  expect(said).toContainEqual(
    expect.objectContaining({ level: 'error', fields: expect.objectContaining({ records: 1 }) }),
  )
  // The half line is what the next start repairs.
  const { audit: next } = await openLog(file)
  await next.close()
  expect(await recordsIn(file)).toMatchObject([{ traceId: 'safe' }, { kind: 'repair' }])
})

test('the newest hash goes to the normal log while it changes, never before it is on the disk', async () => {
  const file = await logPath()
  const { audit, said } = await openLog(file, { clock: hastyClock, headEveryMs: 20 })
  const heads = () => said.flatMap(({ message, fields }) => (message === 'audit head' ? [fields] : []))
  audit.append(callOf('one'))
  await expect.poll(heads).toEqual([
    { seq: 0, head: '0'.repeat(64) },
    { seq: 1, head: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ])
  await audit.close()
  expect(heads()).toHaveLength(2)
})

test('a text that a caller chose is cut, and cannot break a line', async () => {
  const file = await logPath()
  const { audit } = await openLog(file)
  audit.append(callOf(`\n\u2028"\ud800${'x'.repeat(100_000)}`))
  await audit.close()
  const [record] = await recordsIn(file)
  expect(String(record?.['traceId'])).toHaveLength(256)
  expect((await verifyAudit(file)).summary.records).toBe(1)
})
