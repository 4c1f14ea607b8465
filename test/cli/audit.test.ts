import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openLog, writtenLog } from '../audit/_logs.ts'
import { settingsIn } from '../e2e/_process.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const headIn = (out: string): string => /^head {3}([0-9a-f]{64})$/m.exec(out)?.[1] ?? ''

test('otto audit verify counts the records of an unbroken log and ends with 0', async () => {
  const file = await writtenLog(3)
  const { code, out, err } = await runHere(['audit', 'verify', '--file', file])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  expect(out).toMatch(/^3 records, unbroken\nfirst {2}\S+Z\nlast {3}\S+Z\nhead {3}[0-9a-f]{64}\nkinds {2}call 3$/)
})

test('without --file it reads the log of the data folder', async () => {
  const dir = await temporaryFolder()
  const { audit } = await openLog(join(dir, 'var', 'audit.jsonl'))
  await audit.close()
  expect(await runHere(['audit', 'verify'], settingsIn(dir))).toMatchObject({
    code: 0,
    out: `0 records, unbroken\nhead   ${'0'.repeat(64)}`,
  })
})

test('it names the line that was changed, and ends with 1', async () => {
  const file = await writtenLog(3)
  await writeFile(file, (await readFile(file, 'utf8')).replace('trace-2', 'trace-9'))
  expect(await runHere(['audit', 'verify', '--file', file])).toEqual({
    code: 1,
    out: '',
    err: `otto audit: ${file}:2: the line was changed: its checksum does not fit. Unbroken before it: 1.`,
  })
})

test('a hash that was told before is found, or the end was cut off', async () => {
  const file = await writtenLog(3)
  const head = headIn((await runHere(['audit', 'verify', '--file', file])).out)
  const ask = () => runHere(['audit', 'verify', '--file', file, '--head', head.toUpperCase()])
  expect(await ask()).toMatchObject({ code: 0, out: expect.stringContaining(`found  ${head} is record 3`) })
  const lines = (await readFile(file, 'utf8')).split('\n')
  await writeFile(file, `${lines.slice(0, 2).join('\n')}\n`)
  expect(await ask()).toMatchObject({ code: 1, err: expect.stringContaining('the end was cut off') })
})

test('a log that is not there ends with 78', async () => {
  const { code, err } = await runHere(['audit', 'verify'], settingsIn(await temporaryFolder()))
  expect(code).toBe(78)
  expect(err).toContain('audit.jsonl cannot be opened')
})

test('otto audit alone says how it is used', async () => {
  const { code, out } = await runHere(['audit'])
  expect(code).toBe(0)
  expect(out).toContain('otto audit verify [--file audit.jsonl] [--head hash]')
})

test.each([
  { args: ['check'], says: 'name verify' },
  { args: ['verify', 'x'], says: 'name verify' },
  { args: ['verify', '--head', 'abc'], says: '64 hex digits' },
  { args: ['verify', '--deep'], says: '--deep' },
])('otto audit $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['audit', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
})
