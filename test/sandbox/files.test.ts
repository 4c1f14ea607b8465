import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import process from 'node:process'
import { fileURLToPath } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createFiles } from '../../src/sandbox/files.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { collected, never, openSandbox, secret, temporaryWorld } from './_sandbox.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const isLinux = process.platform === 'linux'

/** Every way in which this system can hold a folder. */
const holds = isLinux ? (['descriptor', 'path'] as const) : (['path'] as const)

describe.each(holds)('files held by %s', (hold) => {
  const openWorld = async () => {
    const world = await temporaryWorld()
    const files = createFiles({ root: world.root, clock: systemClock, newId: randomId, hold, maxFileBytes: 1_000 })
    const textOf = async (path: string) => Buffer.from((await files.read(path, { maxBytes: 1_000 })).bytes).toString()
    return { ...world, files, textOf }
  }

  test('what is written is read again, in folders that are made', async () => {
    const { files, textOf, root } = await openWorld()
    expect(await files.write('a/b/note.txt', bytes('hello'))).toEqual({ bytes: 5, backup: null })
    expect(await textOf('./a//b/../b/note.txt')).toBe('hello')
    expect((await stat(root)).mode & 0o777).toBe(0o700)
  })

  test('a part of a file says that there is more', async () => {
    const { files } = await openWorld()
    await files.write('note.txt', bytes('hello'))
    const part = await files.read('note.txt', { offset: 1, maxBytes: 3 })
    expect({ ...part, bytes: Buffer.from(part.bytes).toString() }).toEqual({ bytes: 'ell', totalBytes: 5, isCut: true })
    expect(await files.read('note.txt', { offset: 9, maxBytes: 3 })).toMatchObject({ totalBytes: 5, isCut: false })
  })

  test('what stood there is kept, with its mode on the new file', async () => {
    const { files, textOf, root } = await openWorld()
    await mkdir(root, { recursive: true })
    await writeFile(join(root, 'run.sh'), 'old', { mode: 0o750 })
    const { backup } = await files.write('run.sh', bytes('new'))
    expect(backup).toMatch(/^run\.sh\.bak-\d{8}T\d{9}Z$/)
    expect(await textOf('run.sh')).toBe('new')
    expect(await textOf(backup ?? '')).toBe('old')
    expect((await stat(join(root, 'run.sh'))).mode & 0o777).toBe(0o750)
  })

  test('of writes that come at once each is kept', async () => {
    const { files, root, textOf } = await openWorld()
    await Promise.all(Array.from({ length: 8 }, (_, index) => files.write('note.txt', bytes(`${index}`))))
    const names = await readdir(root)
    expect(await Promise.all(names.map(textOf))).toHaveLength(8)
    expect((await Promise.all(names.map(textOf))).sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7'])
  })

  test('the newest 20 backups of a file stay', async () => {
    const { files, root } = await openWorld()
    for (let index = 0; index < 25; index++) await files.write('note.txt', bytes(`${index}`))
    expect(await readdir(root)).toHaveLength(21)
  })

  test('a file larger than allowed is refused', async () => {
    const { files } = await openWorld()
    await expect(files.write('big', new Uint8Array(1_001))).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' })
  })

  test.each([
    { name: 'a missing file', path: 'missing.txt', code: 'FILE_NOT_FOUND' },
    { name: 'a file in a missing folder', path: 'missing/note.txt', code: 'FILE_NOT_FOUND' },
    { name: 'a file in the place of a folder', path: 'note.txt/more.txt', code: 'FILE_NOT_FOUND' },
    { name: 'a folder', path: 'folder', code: 'TOOL_FAILED' },
    { name: 'the root itself', path: '.', code: 'PERMISSION_DENIED' },
  ])('refuses to read $name', async ({ path, code }) => {
    const { files } = await openWorld()
    await files.write('note.txt', bytes('hello'))
    await files.write('folder/note.txt', bytes('hello'))
    await expect(files.read(path, { maxBytes: 10 })).rejects.toMatchObject({ code })
  })

  test.each([
    { name: 'a path that leads out', path: '../../outside/secret.txt' },
    { name: 'a path that leads out in the middle', path: 'folder/../../../outside/secret.txt' },
    { name: 'an absolute path', path: '/etc/passwd' },
    { name: 'a NUL', path: 'note.txt\0.png' },
    { name: 'a line break', path: 'note\n.txt' },
    { name: 'a backslash', path: '..\\..\\outside\\secret.txt' },
    { name: 'half of a surrogate pair', path: 'a\ud800' },
    { name: 'a link to a file', path: 'link-file' },
    { name: 'a link to a folder', path: 'link-folder/secret.txt' },
    { name: 'a link to a folder of the agent', path: 'link-inner/note.txt' },
    { name: 'a link to nothing', path: 'link-nowhere' },
    { name: 'a link to nothing in the place of a folder', path: 'link-nowhere/note.txt' },
  ])('refuses $name, to read and to write', async ({ path }) => {
    const { files, root, outside, dir } = await openWorld()
    await files.write('folder/note.txt', bytes('hello'))
    await symlink(join(outside, 'secret.txt'), join(root, 'link-file'))
    await symlink(outside, join(root, 'link-folder'))
    await symlink(join(root, 'folder'), join(root, 'link-inner'))
    await symlink(join(dir, 'nowhere'), join(root, 'link-nowhere'))
    const denied = { code: 'PERMISSION_DENIED', details: { rule: 'sandbox' } }
    await expect(files.read(path, { maxBytes: 10 })).rejects.toMatchObject(denied)
    await expect(files.write(path, bytes('x'))).rejects.toMatchObject(denied)
    await expect(files.locate(path)).rejects.toMatchObject(denied)
    await expect(collected(files.list(path, { max: 9, signal: never }))).rejects.toMatchObject(denied)
    expect(await readdir(dir)).toEqual(['outside', 'work'])
    expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe(secret)
  })

  test.runIf(isLinux)('refuses pipes, sockets and devices', async () => {
    const { files, root } = await openWorld()
    await files.write('note.txt', bytes('hello'))
    execFileSync('mkfifo', [join(root, 'pipe')])
    const server = createServer().listen(join(root, 'socket'))
    await once(server, 'listening')
    onTestFinished(() => void server.close())
    const names = ['pipe', 'socket']
    // Only root may make a device.
    if (process.getuid?.() === 0) names.push(makeDevice(root))
    for (const name of names) {
      await expect(files.read(name, { maxBytes: 10 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
      await expect(files.write(name, bytes('x'))).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
    }
    const listed = await collected(files.list('', { max: 9, signal: never }))
    expect(listed.map(({ path }) => path)).toEqual(['note.txt'])
  })

  test('refuses a root that is a link', async () => {
    const { files, dir, outside, root } = await openWorld()
    await mkdir(join(dir, 'work'))
    await symlink(outside, root)
    await expect(files.read('secret.txt', { maxBytes: 10 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
  })

  test('lists regular files by their names, folder by folder, and follows no link', async () => {
    const { files, root, outside } = await openWorld()
    for (const path of ['b/z.txt', 'b.txt', 'a/2', 'a/10', 'é', 'Z']) await files.write(path, bytes(path))
    await symlink(outside, join(root, 'link'))
    const list = async (path: string, max = 99) =>
      (await collected(files.list(path, { max, signal: never }))).map((file) => file.path)
    expect(await list('')).toEqual(['Z', 'a/10', 'a/2', 'b/z.txt', 'b.txt', 'é'])
    expect(await list('', 2)).toEqual(['Z', 'a/10'])
    expect(await list('a')).toEqual(['a/10', 'a/2'])
    expect(await list('b.txt')).toEqual(['b.txt'])
    await expect(list('missing')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' })
  })

  test('a list ends when nobody listens any more', async () => {
    const { files } = await openWorld()
    await files.write('note.txt', bytes('hello'))
    const gone = AbortSignal.abort(new Error('gone'))
    await expect(collected(files.list('', { max: 9, signal: gone }))).rejects.toThrow('gone')
  })

  test('law: whatever a path says, nothing outside is read or written', async () => {
    const { files, root, outside, dir } = await openWorld()
    await files.write('in/note.txt', bytes('inside'))
    await symlink(outside, join(root, 'out'))
    await symlink('..', join(root, 'up'))
    const part = fc.constantFrom(
      '..',
      '.',
      '',
      'in',
      'out',
      'up',
      'outside',
      'secret.txt',
      'note.txt',
      '/',
      '\\',
      'work',
    )
    const path = fc.oneof(
      fc.array(part, { maxLength: 7 }).map((parts) => parts.join('/')),
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.array(part, { maxLength: 5 }).map((parts) => `${root}/${parts.join('/')}`),
    )
    await fc.assert(
      fc.asyncProperty(path, async (text) => {
        const read = await files.read(text, { maxBytes: 100 }).catch(() => undefined)
        expect(Buffer.from(read?.bytes ?? []).toString()).not.toBe(secret)
        await files.write(text, bytes('written')).catch(() => undefined)
        expect(await readFile(join(outside, 'secret.txt'), 'utf8')).toBe(secret)
        expect(await readdir(outside)).toEqual(['secret.txt'])
        expect(await readdir(dir)).toEqual(['outside', 'work'])
        expect(await readdir(join(dir, 'work'))).toEqual(['scribe'])
      }),
      { numRuns: 150 },
    )
  })
})

function makeDevice(root: string): string {
  execFileSync('mknod', [join(root, 'device'), 'c', '1', '5']) // zeros without end
  return 'device'
}

// Elsewhere a swap is noticed, and not ruled out.
test.runIf(isLinux)('a folder that is swapped for a link while it is used leads nowhere else', async () => {
  const { root, outside } = await temporaryWorld()
  const { files } = openSandbox(root)
  await files.write('folder/secret.txt', bytes('inside'))
  const state = { isOver: false, swaps: 0 }
  const folder = join(root, 'folder')
  const aside = join(root, 'aside')
  // The writes make the folder where it is missing for a moment, so it is removed until it can be put back.
  const putBack = async (): Promise<void> => {
    await rm(folder, { recursive: true, force: true })
    await rename(aside, folder).catch(putBack)
  }
  const swapping = (async () => {
    while (!state.isOver) {
      await rename(folder, aside)
      await symlink(outside, folder).catch(() => undefined)
      await putBack()
      state.swaps += 1
    }
  })()
  const read = new Set<string>()
  // On a busy machine it takes longer until a read falls between two swaps.
  for (let round = 0; round < 400 || (round < 20_000 && !read.has('inside')); round++) {
    const got = await files.read('folder/secret.txt', { maxBytes: 100 }).catch((error: unknown) => error)
    read.add(got instanceof Error ? got.name : Buffer.from((got as { bytes: Uint8Array }).bytes).toString())
    await files.write('folder/planted.txt', bytes(`${round}`)).catch(() => undefined)
  }
  state.isOver = true
  await swapping
  expect(state.swaps).toBeGreaterThan(0)
  expect(read).toContain('inside')
  expect([...read].filter((one) => !['inside', 'PermissionDeniedError', 'FileNotFoundError'].includes(one))).toEqual([])
  expect(await readdir(outside)).toEqual(['secret.txt'])
})

test('an agent does not reach the folder of another', async () => {
  const { dir, root } = await temporaryWorld()
  const scribe = openSandbox(root)
  const other = openSandbox(join(dir, 'work', 'other'))
  await other.files.write('note.txt', bytes('not yours'))
  for (const path of ['../other/note.txt', join(dir, 'work', 'other', 'note.txt')])
    await expect(scribe.files.read(path, { maxBytes: 10 })).rejects.toMatchObject({ code: 'PERMISSION_DENIED' })
})

test('a process that is killed while it writes leaves a whole file, and the whole one before', async () => {
  const { root } = await temporaryWorld()
  const size = 200_000
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('./_writer-child.ts', import.meta.url)), root, `${size}`],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let rounds = 0
  child.stdout.on('data', (chunk: Buffer) => {
    rounds += chunk.length
    if (rounds > 30) child.kill('SIGKILL') // in the middle of one or another of its steps
  })
  await once(child, 'exit')
  expect(rounds).toBeGreaterThan(30)
  const isWhole = (content: Buffer) => content.length === size && content.every((byte) => byte === content[0])
  const names = (await readdir(root)).filter((name) => !name.startsWith('.otto-tmp-'))
  expect(names).toContain('note.txt')
  expect(names.length).toBeGreaterThan(1)
  for (const name of names)
    expect({ name, isWhole: isWhole(await readFile(join(root, name))) }).toEqual({ name, isWhole: true })
  // The one before it was not lost, wherever the end came: backups and file are an unbroken row.
  const marks = await Promise.all(names.map(async (name) => (await readFile(join(root, name)))[0] ?? 0))
  const row = [...new Set(marks)].sort((one, other) => one - other)
  expect(row).toEqual(row.map((_, index) => (row[0] ?? 0) + index))
})
