import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  choosePassword,
  ensureStoredPassword,
  readPasswordFile,
  readStoredPassword,
} from '../../src/wallet/password.ts'
import { temporaryFolder } from './_temporary.ts'

async function passwordFile(text: string, mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), 'password')
  await writeFile(path, text, { mode })
  return path
}

describe('a password file', () => {
  test.each([
    { text: 'secret', password: 'secret' },
    { text: 'secret\n', password: 'secret' },
    { text: 'secret\r\n', password: 'secret' },
    { text: ' two words \n', password: ' two words ' },
  ])('$text holds $password', async ({ text, password }) => {
    expect(await readPasswordFile(await passwordFile(text))).toBe(password)
  })

  test.each(['', '\n', 'secret\n\n', 'two\nlines', 'pässword', '\u0000'])('with %j is refused', async (text) => {
    await expect(readPasswordFile(await passwordFile(text))).rejects.toMatchObject({ code: 'WALLET_PASSWORD' })
  })

  test('that others may read is refused', async () => {
    const reading = readPasswordFile(await passwordFile('secret', 0o644))
    await expect(reading).rejects.toMatchObject({ code: 'WALLET_FILE', details: { file: 'password', reason: 'mode' } })
  })
})

describe('choosing a password', () => {
  test('takes the text, or what is in the file, or nothing', async () => {
    const file = await passwordFile('from the file\n')
    expect(await choosePassword({ text: 'a text', file: undefined })).toBe('a text')
    expect(await choosePassword({ text: '', file })).toBe('from the file')
    expect(await choosePassword({ text: undefined, file: '' })).toBeUndefined()
  })

  test('refuses both', async () => {
    const choosing = choosePassword({ text: 'a text', file: await passwordFile('secret') })
    await expect(choosing).rejects.toMatchObject({ code: 'WALLET_PASSWORD', message: expect.stringContaining('twice') })
    await expect(choosing).rejects.not.toThrow('a text')
  })
})

describe('the password beside the keystores', () => {
  test('is made once, random, and private', async () => {
    const dir = join(await temporaryFolder(), 'new')
    expect(await readStoredPassword(dir)).toBeUndefined()
    const password = await ensureStoredPassword(dir, randomBytes)
    expect(password).toMatch(/^[\w-]{32}$/)
    expect(await ensureStoredPassword(dir, randomBytes)).toBe(password)
    expect(await readStoredPassword(dir)).toBe(password)
    expect(await readFile(join(dir, 'password'), 'utf8')).toBe(`${password}\n`)
    expect((await stat(join(dir, 'password'))).mode & 0o777).toBe(0o600)
  })

  test('is one for all who make it at once', async () => {
    const dir = await temporaryFolder()
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureStoredPassword(dir, randomBytes)))
    expect(new Set(made).size).toBe(1)
  })
})
