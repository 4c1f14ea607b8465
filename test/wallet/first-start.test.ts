import { randomBytes } from 'node:crypto'
import { link, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ensureKeystores } from '../../src/wallet/first-start.ts'
import { temporaryFolder } from './_temporary.ts'

const start = (dir: string) =>
  ensureKeystores({ dir, newPassword: async () => 'secret', randomBytes, nowMs: Date.parse('2026-11-21T00:00:00Z') })

test('a first start makes both keystores and nothing else', async () => {
  const dir = await temporaryFolder()
  await start(dir)
  expect((await readdir(dir)).sort()).toEqual(['playerO.p12', 'playerX.p12'])
})

test('a second start changes nothing and asks for no password', async () => {
  const dir = await temporaryFolder()
  await start(dir)
  const before = await readFile(join(dir, 'playerX.p12'))
  await ensureKeystores({ dir, newPassword: () => expect.unreachable(), randomBytes, nowMs: 0 })
  expect(await readFile(join(dir, 'playerX.p12'))).toEqual(before)
})

test.each(['playerX.p12', 'playerO.p12'])('%s missing alone is an error that names it', async (name) => {
  const dir = await temporaryFolder()
  await start(dir)
  await rm(join(dir, name))
  await expect(start(dir)).rejects.toMatchObject({ code: 'WALLET_START', details: { file: name, reason: 'missing' } })
  expect(await readdir(dir)).toHaveLength(1)
})

describe('after a crash', () => {
  /** A folder in which a start got as far as writing both files, and gave names to some. */
  async function crashed(named: readonly string[]): Promise<{ dir: string; staging: string }> {
    const dir = await temporaryFolder()
    const staging = join(dir, '.new-abc123')
    await mkdir(staging, { mode: 0o700 })
    await start(staging)
    for (const name of named) await link(join(staging, name), join(dir, name))
    return { dir, staging }
  }

  test('before either file had its name, new ones are made', async () => {
    const { dir } = await crashed([])
    await start(dir)
    expect(await readdir(dir)).toEqual(expect.arrayContaining(['playerO.p12', 'playerX.p12']))
  })

  test('between the names, the second file gets its own and the folder goes', async () => {
    const { dir, staging } = await crashed(['playerX.p12'])
    const second = await readFile(join(staging, 'playerO.p12'))
    await start(dir)
    expect(await readFile(join(dir, 'playerO.p12'))).toEqual(second)
    expect((await readdir(dir)).sort()).toEqual(['playerO.p12', 'playerX.p12'])
  })

  test('a left-over folder of another pair is not taken', async () => {
    const { dir } = await crashed([])
    await writeFile(join(dir, 'playerX.p12'), 'a file of its own')
    await expect(start(dir)).rejects.toMatchObject({ details: { file: 'playerO.p12', reason: 'missing' } })
  })
})

test('law: starts at once end with one pair, and nothing half-made', async () => {
  for (let round = 0; round < 3; round++) {
    const dir = join(await temporaryFolder(), 'wallets')
    await Promise.all(Array.from({ length: 4 }, () => start(dir)))
    const names = (await readdir(dir)).filter((name) => !name.startsWith('.new-'))
    expect(names.sort()).toEqual(['playerO.p12', 'playerX.p12'])
  }
})

test('a folder that cannot be made is named', async () => {
  const file = join(await temporaryFolder(), 'file')
  await writeFile(file, '')
  await expect(start(file)).rejects.toMatchObject({ code: 'WALLET_FILE', details: { file: 'file' } })
})
