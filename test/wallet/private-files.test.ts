import { execFile } from 'node:child_process'
import { chmod, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { WalletFileError } from '../../src/wallet/errors.ts'
import {
  brokenAccessRule,
  createPrivateFiles,
  exists,
  readForeignFile,
  readPrivateFile,
} from '../../src/wallet/private-files.ts'
import { temporaryFolder } from './_temporary.ts'

const refusal = (reason: string, file: string) =>
  expect.objectContaining({
    code: 'WALLET_FILE',
    details: { file, reason },
    message: expect.stringMatching(`^${file}: `),
  })

async function privateFile(mode = 0o600): Promise<string> {
  const path = join(await temporaryFolder(), 'secret')
  await writeFile(path, 'text')
  await chmod(path, mode)
  return path
}

describe('reading a private file', () => {
  test.each([0o600, 0o400])('takes the mode %o', async (mode) => {
    expect((await readPrivateFile(await privateFile(mode), { maxBytes: 4 })).toString()).toBe('text')
  })

  test.each([0o640, 0o620, 0o610, 0o604, 0o602, 0o601, 0o644])('refuses the mode %o', async (mode) => {
    const reading = readPrivateFile(await privateFile(mode), { maxBytes: 4 })
    await expect(reading).rejects.toEqual(refusal('mode', 'secret'))
  })

  test('refuses a byte too many', async () => {
    await expect(readPrivateFile(await privateFile(), { maxBytes: 3 })).rejects.toEqual(refusal('size', 'secret'))
  })

  test('refuses a link, unless links are to be followed', async () => {
    const path = await privateFile()
    await symlink(path, `${path}-link`)
    await expect(readPrivateFile(`${path}-link`, { maxBytes: 4 })).rejects.toEqual(refusal('link', 'secret-link'))
    expect((await readPrivateFile(`${path}-link`, { maxBytes: 4, followLink: true })).toString()).toBe('text')
  })

  test('refuses a link to a file that others may read', async () => {
    const path = await privateFile(0o644)
    await symlink(path, `${path}-link`)
    const reading = readPrivateFile(`${path}-link`, { maxBytes: 4, followLink: true })
    await expect(reading).rejects.toEqual(refusal('mode', 'secret-link'))
  })

  test('refuses a folder', async () => {
    const dir = join(await temporaryFolder(), 'folder')
    await mkdir(dir, { mode: 0o700 })
    await expect(readPrivateFile(dir, { maxBytes: 4 })).rejects.toEqual(refusal('not_regular', 'folder'))
  })

  test('refuses a named pipe without waiting for its other end', async () => {
    const pipe = join(await temporaryFolder(), 'pipe')
    await promisify(execFile)('mkfifo', ['-m', '600', pipe])
    await expect(readPrivateFile(pipe, { maxBytes: 4 })).rejects.toEqual(refusal('not_regular', 'pipe'))
  })

  test('refuses what is not there, without its path', async () => {
    const reading = readPrivateFile(join(await temporaryFolder(), 'none'), { maxBytes: 4 })
    await expect(reading).rejects.toEqual(refusal('missing', 'none'))
    await expect(reading).rejects.toThrow(/^none: there is no such file\.$/)
  })
})

test.each([
  { uid: 1000, mode: 0o100600, own: 1000, broken: undefined },
  { uid: 1000, mode: 0o100640, own: 1000, broken: 'mode' },
  { uid: 1001, mode: 0o100600, own: 1000, broken: 'owner' },
  { uid: 1001, mode: 0o100600, own: 0, broken: 'owner' },
  { uid: 0, mode: 0o100640, own: 1000, broken: undefined },
  { uid: 0, mode: 0o100660, own: 1000, broken: 'mode' },
  { uid: 0, mode: 0o100644, own: 1000, broken: 'mode' },
  { uid: 0, mode: 0o100640, own: 0, broken: 'mode' },
  { uid: 7, mode: 0o100666, own: undefined, broken: undefined },
])('a file of user $uid breaks the rule $broken for user $own', ({ uid, mode, own, broken }) => {
  expect(brokenAccessRule({ uid, mode }, own)).toBe(broken)
})

describe('making private files', () => {
  test('gives files of mode 0600 in a folder of mode 0700, and leaves nothing else', async () => {
    const dir = join(await temporaryFolder(), 'new')
    await createPrivateFiles(dir, [
      { name: 'a', bytes: Buffer.from('1') },
      { name: 'b', bytes: Buffer.from('2') },
    ])
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    for (const name of ['a', 'b']) expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600)
    expect(await readFile(join(dir, 'b'), 'utf8')).toBe('2')
    expect((await readdir(dir)).sort()).toEqual(['a', 'b'])
  })

  test('never replaces a file', async () => {
    const path = await privateFile()
    const dir = join(path, '..')
    const making = createPrivateFiles(dir, [{ name: 'secret', bytes: Buffer.from('other') }])
    await expect(making).rejects.toEqual(refusal('exists', 'secret'))
    expect(await readFile(path, 'utf8')).toBe('text')
    expect(await readdir(dir)).toEqual(['secret'])
  })

  test('refuses a folder that is a file', async () => {
    const path = await privateFile()
    await expect(createPrivateFiles(path, [])).rejects.toEqual(refusal('refused', 'secret'))
  })
})

test('reading a file somebody else keeps asks only for its kind and size', async () => {
  const path = await privateFile(0o644)
  expect((await readForeignFile(path, 4)).toString()).toBe('text')
  await expect(readForeignFile(path, 3)).rejects.toBeInstanceOf(WalletFileError)
})

test('a link that leads nowhere exists', async () => {
  const dir = await temporaryFolder()
  await symlink('nowhere', join(dir, 'link'))
  expect([await exists(join(dir, 'link')), await exists(join(dir, 'other'))]).toEqual([true, false])
})
