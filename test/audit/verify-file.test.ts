import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { AuditVerdict } from '../../src/audit/verify-file.ts'
import { verifyAudit } from '../../src/audit/verify-file.ts'
import { callOf, logPath, openLog, writtenLog } from './_logs.ts'

const linesIn = async (file: string) => (await readFile(file, 'utf8')).split('\n').slice(0, -1)

/** The verdict on a file of these lines. */
async function judged(file: string, lines: readonly string[]): Promise<AuditVerdict> {
  await writeFile(file, lines.map((line) => `${line}\n`).join(''))
  return verifyAudit(file)
}

test('an unbroken log: how many records, from when to when, and the hash of its last line', async () => {
  const file = await writtenLog(5)
  const lines = await linesIn(file)
  const { summary, broken } = await verifyAudit(file)
  expect(broken).toBeUndefined()
  expect(summary.records).toBe(5)
  expect(summary.head).toBe(
    createHash('sha256')
      .update(lines[4] ?? '')
      .digest('hex'),
  )
  expect(summary.kinds).toEqual(new Map([['call', 5]]))
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ seq: 1, prev: '0'.repeat(64), at: summary.firstAt })
  expect(JSON.parse(lines[4] ?? '')).toMatchObject({ seq: 5, at: summary.lastAt })
})

test('an empty log has no record, and a log that is not there says so', async () => {
  const file = await writtenLog(0)
  expect((await verifyAudit(file)).summary).toMatchObject({ records: 0, head: '0'.repeat(64) })
  await expect(verifyAudit(`${file}.gone`)).rejects.toMatchObject({ code: 'AUDIT_UNWRITABLE' })
})

test('law: a change of any single byte is found, in the line where it is', async () => {
  const file = await writtenLog(6)
  const whole = await readFile(file)
  const lineOf = (at: number) => whole.subarray(0, at).toString('latin1').split('\n').length
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.integer({ min: 1, max: 255 }), async (at, by) => {
      const changed = Buffer.from(whole)
      changed[at] = (whole[at] ?? 0) ^ by
      await writeFile(file, changed)
      const { broken } = await verifyAudit(file)
      expect(broken?.line).toBe(lineOf(at))
    }),
    { numRuns: 300 },
  )
})

test('law: a byte that is taken out or put in is found', async () => {
  const file = await writtenLog(4)
  const whole = await readFile(file)
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), fc.option(fc.nat(255)), async (at, put) => {
      const insert = put === null ? [] : [put]
      await writeFile(
        file,
        Buffer.concat([whole.subarray(0, at), Buffer.from(insert), whole.subarray(at + 1 - insert.length)]),
      )
      expect((await verifyAudit(file)).broken).toBeDefined()
    }),
    { numRuns: 200 },
  )
})

test('law: a line that is removed, moved or doubled is found, unless it is the last that is removed', async () => {
  const file = await writtenLog(8)
  const lines = await linesIn(file)
  const place = fc.nat(lines.length - 1)
  await fc.assert(
    fc.asyncProperty(place, place, async (from, to) => {
      const line = lines[from] ?? ''
      const without = lines.toSpliced(from, 1)
      expect((await judged(file, without)).broken === undefined).toBe(from === lines.length - 1)
      expect((await judged(file, lines.toSpliced(to, 0, line))).broken).toBeDefined()
      expect((await judged(file, without.toSpliced(to, 0, line))).broken === undefined).toBe(from === to)
    }),
    { numRuns: 100 },
  )
})

test.each([
  { name: 'a removed one', change: (lines: string[]) => lines.toSpliced(2, 1), line: 3, fault: 'record 3 is missing' },
  {
    name: 'two in another order',
    change: ([a = '', b = '', c = '']: string[]) => [a, c, b],
    line: 2,
    fault: 'record 2 is missing',
  },
  {
    name: 'a doubled one',
    change: (lines: string[]) => lines.toSpliced(2, 0, lines[1] ?? ''),
    line: 3,
    fault: 'record 2 stands here again',
  },
  {
    name: 'another text',
    change: (lines: string[]) => lines.with(1, (lines[1] ?? '').replace('OK', 'KO')),
    line: 2,
    fault: 'was changed',
  },
  { name: 'no record at all', change: (lines: string[]) => lines.with(3, ''), line: 4, fault: 'was changed' },
])('says which line breaks the chain, and how: $name', async ({ change, line, fault }) => {
  const file = await writtenLog(5)
  const { broken } = await judged(file, change(await linesIn(file)))
  expect(broken).toMatchObject({ line, fault: expect.stringContaining(fault) })
})

test('records of another log do not fit, though each is whole', async () => {
  const [one, other] = [await writtenLog(4), await writtenLog(4)]
  const { broken } = await judged(one, (await linesIn(one)).with(2, (await linesIn(other))[2] ?? ''))
  expect(broken).toMatchObject({ line: 3, fault: 'record 3 follows another record than the one before it' })
})

test('an unfinished end, and a line that no record can be, are told', async () => {
  const file = await writtenLog(2)
  const whole = await readFile(file)
  await writeFile(file, whole.subarray(0, -5))
  expect((await verifyAudit(file)).broken).toMatchObject({ line: 2, fault: expect.stringContaining('unfinished') })
  await writeFile(file, Buffer.concat([whole, Buffer.alloc(300_000, 'x')]))
  expect((await verifyAudit(file)).broken).toMatchObject({ line: 3, fault: expect.stringContaining('longer than') })
})

test('an end that was cut off at a line shows by the hash that was told before', async () => {
  const file = await logPath()
  const { audit, said } = await openLog(file)
  for (const at of [1, 2, 3]) audit.append(callOf(`trace-${at}`))
  await audit.close()
  const told = said.findLast(({ message }) => message === 'audit head')?.fields as { head: string; seq: number }
  expect((await verifyAudit(file, told.head)).summary).toMatchObject({ foundAt: 3, head: told.head })
  const { broken } = await judged(file, (await linesIn(file)).slice(0, 2))
  expect(broken).toBeUndefined()
  expect((await verifyAudit(file, told.head)).summary.foundAt).toBeUndefined()
})

test('a log of many blocks is read in pieces', async () => {
  const file = await writtenLog(3_000)
  expect(await verifyAudit(file)).toMatchObject({ summary: { records: 3_000 }, broken: undefined })
})
