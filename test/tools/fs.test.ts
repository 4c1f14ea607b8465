import { readdir } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { fsRead } from '../../src/tools/fs-read.ts'
import { fsWrite } from '../../src/tools/fs-write.ts'
import { openSandbox, temporaryWorld } from '../sandbox/_sandbox.ts'
import { callTool } from './_context.ts'

const openWorld = async () => {
  const { root } = await temporaryWorld()
  const sandbox = openSandbox(root)
  return {
    root,
    sandbox,
    read: (args: object) => callTool(fsRead, args, { sandbox }),
    write: (args: object) => callTool(fsWrite, args, { sandbox }),
  }
}

test('what was written is read, and what stood there is kept', async () => {
  const { read, write } = await openWorld()
  expect(await write({ path: 'a/note.txt', content: 'old' })).toEqual({ path: 'a/note.txt', bytes: 3, backup: null })
  const { backup } = await write({ path: 'a/note.txt', content: 'grün' })
  expect(await read({ path: 'a/note.txt' })).toEqual({
    path: 'a/note.txt',
    content: 'grün',
    bytes: 5,
    totalBytes: 5,
    truncated: false,
    encoding: 'utf8',
  })
  expect(await read({ path: `a/${backup}` })).toMatchObject({ content: 'old' })
})

test('a file of 3 MB is read to 2 MiB, and says so', async () => {
  const { read, sandbox } = await openWorld()
  await sandbox.files.write('big.txt', new Uint8Array(3_000_000).fill(0x61))
  const first = await read({ path: 'big.txt' })
  expect(first).toMatchObject({ bytes: 2 * 1024 * 1024, totalBytes: 3_000_000, truncated: true })
  const rest = await read({ path: 'big.txt', offset: first['bytes'] })
  expect(rest).toMatchObject({ bytes: 3_000_000 - 2 * 1024 * 1024, truncated: false })
})

test('what is no text is given and taken as base64', async () => {
  const { read, write, sandbox } = await openWorld()
  await write({ path: 'a.bin', content: '/wD+', encoding: 'base64' })
  expect(Buffer.from((await sandbox.files.read('a.bin', { maxBytes: 9 })).bytes)).toEqual(Buffer.from([255, 0, 254]))
  expect(await read({ path: 'a.bin' })).toMatchObject({ content: '/wD+', encoding: 'base64', bytes: 3 })
})

test('law: read on and on, a text is whole, wherever the limit parts it', async () => {
  const { read, write } = await openWorld()
  await fc.assert(
    fc.asyncProperty(
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }),
      fc.integer({ min: 4, max: 12 }),
      async (text, limit) => {
        await write({ path: 'text.txt', content: text.toWellFormed() })
        let all = ''
        for (let offset = 0, isCut = true; isCut; ) {
          const part = await read({ path: 'text.txt', offset, limit })
          expect(part['encoding']).toBe('utf8')
          expect(part['bytes']).toBeGreaterThan(0)
          all += String(part['content'])
          offset += Number(part['bytes'])
          isCut = part['truncated'] === true
        }
        expect(all).toBe(text.toWellFormed())
      },
    ),
    { numRuns: 50 },
  )
})

describe('refuses', () => {
  test.each([
    { name: 'what is no base64', args: { content: 'a b', encoding: 'base64' }, path: 'content' },
    { name: 'half of a surrogate pair', args: { content: '\ud800' }, path: 'content' },
    { name: 'another encoding', args: { content: 'a', encoding: 'latin1' }, path: 'encoding' },
  ])('$name', async ({ args, path }) => {
    const { write } = await openWorld()
    await expect(write({ path: 'a.txt', ...args })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENTS',
      details: { path },
    })
  })

  test('a path that leads out, and leaves nothing', async () => {
    const { write, read, root } = await openWorld()
    await write({ path: 'a.txt', content: 'a' })
    await expect(write({ path: '../a.txt', content: 'b' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    await expect(read({ path: '../../outside/secret.txt' })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    expect(await readdir(root)).toEqual(['a.txt'])
  })
})
