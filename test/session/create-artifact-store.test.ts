import { hash } from 'node:crypto'
import { mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { FileOps } from '../../src/session/_file-ops.ts'
import { realFiles } from '../../src/session/_file-ops.ts'
import { artifactTypes } from '../../src/session/artifact.ts'
import { clockAhead, dayMs, faultsOf, openStore, session, temporaryFolder, textOf } from './_kit.ts'

const modeOf = async (path: string) => (await stat(path)).mode & 0o777

test('a saved file is there, for its owner alone, with what is known of it', async () => {
  const dir = join(await temporaryFolder(), 'var', 'otto')
  const events: unknown[] = []
  const store = openStore(dir, {
    publish: (...event) => void events.push(event),
    clock: { nowMs: () => 1_763_700_000_000 },
  })
  const ref = await store.save(session, { name: 'result.json', type: 'result', data: '{"a":1}', meta: { taskId: 't' } })
  const path = 'sessions/s1/result.json'
  expect(ref).toEqual({
    path,
    name: 'result.json',
    type: 'result',
    bytes: 7,
    checksum: hash('sha256', '{"a":1}'),
    createdAt: '2025-11-21T04:40:00.000Z',
    meta: { taskId: 't' },
  })
  expect(await readFile(join(dir, path), 'utf8')).toBe('{"a":1}')
  expect(
    await Promise.all(['', 'sessions', 'sessions/s1', 'sessions/s1/.refs'].map((at) => modeOf(join(dir, at)))),
  ).toEqual(Array(4).fill(0o700))
  expect([await modeOf(join(dir, path)), await modeOf(join(dir, 'sessions/s1/.refs/result.json.json'))]).toEqual([
    0o600, 0o600,
  ])
  expect(await openStore(dir).load(session, 'result.json')).toEqual({ ref, bytes: Buffer.from('{"a":1}') })
  expect(events).toEqual([['artifact.written', { path, type: 'result', bytes: 7 }]])
})

test.each(artifactTypes)('knows a file of type %s again', async (type) => {
  const dir = await temporaryFolder()
  await openStore(dir).save(session, { name: 'x', type, data: Buffer.from([0, 255]) })
  expect(await openStore(dir).list(session)).toMatchObject([{ name: 'x', type, bytes: 2 }])
})

test('lists the places and their files, each in order, and deletes both', async () => {
  const dir = await temporaryFolder()
  const store = openStore(dir)
  const agent = { namespace: 'agents', id: 'helper' } as const
  await mkdir(join(dir, 'agents', 'without-any'), { recursive: true })
  for (const name of ['b', 'a']) await store.save(session, { name, type: 'intermediate', data: name })
  await store.save({ ...session, id: 's0' }, { name: 'a', type: 'result', data: '' })
  await store.save(agent, { name: 'x.json', type: 'checkpoint', data: '1' })
  expect(await readdir(join(dir, 'agents/helper/checkpoints'))).toContain('x.json')
  expect([await store.places('sessions'), await store.places('agents'), await store.places('tasks')]).toEqual([
    ['s0', 's1'],
    ['helper'],
    [],
  ])
  expect((await store.list(session)).map(({ name }) => name)).toEqual(['a', 'b'])
  expect([await store.delete(session, 'a'), await store.delete(session, 'a'), await store.delete(agent)]).toEqual([
    true,
    false,
    true,
  ])
  expect([await store.delete(session), await store.delete(session), await store.places('sessions')]).toEqual([
    true,
    false,
    ['s0'],
  ])
  expect([await readdir(join(dir, 'agents')), await faultsOf(store)]).toEqual([['without-any'], []])
})

test('what is not there is not found', async () => {
  const store = openStore(await temporaryFolder())
  await expect(store.load(session, 'x')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  await expect(store.pin(session, true)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  expect([await store.list(session), await faultsOf(store, session)]).toEqual([[], []])
})

describe('names', () => {
  test.each(['', '.', '..', 'a\nb', 'a\0', 'x'.repeat(201), '語'.repeat(23), '\ud800'])('refuses %j', async (name) => {
    const store = openStore(await temporaryFolder())
    const refusal = { code: 'INVALID_ARGUMENTS' }
    await expect(store.save(session, { name, type: 'result', data: '' })).rejects.toMatchObject(refusal)
    await expect(store.load({ ...session, id: name }, 'x')).rejects.toMatchObject(refusal)
    await expect(store.delete(session, name)).rejects.toMatchObject(refusal)
  })

  test.each([
    { id: '../../etc', folder: '%2E.%2F..%2Fetc' },
    { id: '.refs', folder: '%2Erefs' },
    { id: "a'b*(c) é%2F", folder: 'a%27b%2A%28c%29%20%C3%A9%252F' },
    { id: 'C:\\x', folder: 'C%3A%5Cx' },
  ])('keeps $id under $folder', async ({ id, folder }) => {
    const dir = await temporaryFolder()
    const store = openStore(dir)
    await store.save({ namespace: 'sessions', id }, { name: id, type: 'result', data: 'x' })
    expect([await readdir(dir), await readdir(join(dir, 'sessions'))]).toEqual([['sessions'], [folder]])
    expect([await store.places('sessions'), await textOf(store, id, { namespace: 'sessions', id })]).toEqual([
      [id],
      'x',
    ])
  })

  test('law: whatever is taken as a name is found under it and leads nowhere else', async () => {
    const dir = await temporaryFolder()
    const store = openStore(dir)
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 12, unit: 'binary' }), async (name) => {
        const isTaken = await store.save(session, { name, type: 'result', data: name }).then(
          () => true,
          (error) => {
            expect(error).toMatchObject({ code: 'INVALID_ARGUMENTS' })
            return false
          },
        )
        if (!isTaken) return
        expect(await textOf(store, name)).toBe(name)
        expect((await store.list(session)).map((ref) => ref.name)).toEqual([name])
        await store.delete(session, name)
      }),
      { numRuns: 25 },
    )
    expect([await readdir(dir), await readdir(join(dir, 'sessions'))]).toEqual([['sessions'], ['s1']])
  })
})

describe('a check', () => {
  const seeded = async () => {
    const dir = await temporaryFolder()
    const store = openStore(dir)
    for (const name of ['a', 'b']) await store.save(session, { name, type: 'result', data: 'whole' })
    const at = (name: string) => join(dir, 'sessions/s1', name)
    return { store, at, path: (name: string) => `sessions/s1/${name}` }
  }

  test('finds nothing where all is well', async () => {
    const { store } = await seeded()
    expect(await faultsOf(store)).toEqual([])
  })

  test('tells an altered byte, and the file is not loaded', async () => {
    const { store, at, path } = await seeded()
    await writeFile(at('a'), 'whale')
    expect(await faultsOf(store)).toEqual([{ path: path('a'), fault: 'altered' }])
    await expect(store.load(session, 'a')).rejects.toMatchObject({
      code: 'CHECKPOINT_CORRUPT',
      details: { path: path('a') },
    })
  })

  test('tells a file that is gone', async () => {
    const { store, at, path } = await seeded()
    await rm(at('a'))
    expect(await faultsOf(store, session)).toEqual([{ path: path('a'), fault: 'missing' }])
    expect(await store.list(session)).toHaveLength(2)
    await expect(store.load(session, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
  })

  test('tells a file that nothing is known of', async () => {
    const { store, at, path } = await seeded()
    await rm(at('.refs/a.json'))
    expect(await faultsOf(store)).toEqual([{ path: path('a'), fault: 'unlisted' }])
    expect((await store.list(session)).map(({ name }) => name)).toEqual(['b'])
    await expect(store.load(session, 'a')).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' })
  })

  test.each(['', '{', '{"schema":2}', '\xff', '{"schema":1,"ref":{},"previous":null,"unfinished":null}'])(
    'tells a ref that says %j, and the others are listed',
    async (text) => {
      const { store, at, path } = await seeded()
      await writeFile(at('.refs/a.json'), text, 'latin1')
      expect(await faultsOf(store)).toEqual([{ path: path('a'), fault: 'unreadable' }])
      expect((await store.list(session)).map(({ name }) => name)).toEqual(['b'])
      await expect(store.load(session, 'a')).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
      await expect(store.open(session, { name: 'a', type: 'result' })).rejects.toMatchObject({
        code: 'CHECKPOINT_CORRUPT',
      })
      await store.save(session, { name: 'a', type: 'result', data: 'new' })
      expect([await faultsOf(store), await textOf(store, 'a')]).toEqual([[], 'new'])
    },
  )

  test('tells a folder where a file should be', async () => {
    const { store, at, path } = await seeded()
    await rm(at('a'))
    await mkdir(at('a'))
    expect(await faultsOf(store)).toEqual([{ path: path('a'), fault: 'unreadable' }])
  })
})

test('a folder that cannot be written is told as such', async () => {
  const dir = join(await temporaryFolder(), 'data')
  await writeFile(dir, 'a file, and no folder')
  const store = openStore(dir)
  const refused = { code: 'STORAGE_UNAVAILABLE', kind: 'unavailable' }
  await expect(store.save(session, { name: 'x', type: 'result', data: '' })).rejects.toMatchObject(refused)
  await expect(store.open(session, { name: 'x', type: 'transcript' })).rejects.toMatchObject(refused)
  expect([await store.places('sessions'), await store.sweep()]).toEqual([[], 0])
})

test('too much is refused before anything is written', async () => {
  const dir = await temporaryFolder()
  const store = openStore(dir)
  const tooLarge = { code: 'PAYLOAD_TOO_LARGE' }
  const data = { length: 257 * 1024 * 1024 } as Uint8Array
  await expect(store.save(session, { name: 'x', type: 'result', data })).rejects.toMatchObject(tooLarge)
  const meta = { text: 'x'.repeat(65_536) }
  await expect(store.save(session, { name: 'x', type: 'result', data: '', meta })).rejects.toMatchObject(tooLarge)
  expect([await store.list(session), await faultsOf(store), await readdir(join(dir, 'sessions/s1'))]).toEqual([
    [],
    [],
    ['.refs'],
  ])
})

test('writes side by side end whole, the last one stays', async () => {
  const store = openStore(await temporaryFolder())
  const texts = Array.from({ length: 20 }, (_, n) => `${n}`.repeat(10_000))
  await Promise.all([
    ...texts.map((data) => store.save(session, { name: 'x', type: 'intermediate', data })),
    ...texts.map(async () => {
      const text = await textOf(store, 'x').catch((error) =>
        expect(error).toMatchObject({ code: 'ARTIFACT_NOT_FOUND' }),
      )
      if (typeof text === 'string') expect(texts).toContain(text)
    }),
  ])
  expect([await textOf(store, 'x'), await faultsOf(store)]).toEqual([texts.at(-1), []])
})

describe('the retention', () => {
  const openOld = async (deps: Parameters<typeof openStore>[1] = {}) => {
    const dir = await temporaryFolder()
    const store = openStore(dir, { clock: clockAhead(8 * dayMs), ...deps })
    const save = (id: string) => store.save({ namespace: 'sessions', id }, { name: 'x', type: 'result', data: id })
    return { dir, store, save }
  }
  const makeYoung = async (dir: string, path: string) => {
    const at = new Date(Date.now() + 8 * dayMs)
    await utimes(join(dir, path), at, at)
  }

  test('takes what is older than its days, and what is younger stays', async () => {
    const { dir, store, save } = await openOld()
    for (const id of ['old', 'young']) await save(id)
    await makeYoung(dir, 'sessions/young/x')
    expect([await store.sweep(), await store.places('sessions'), await readdir(join(dir, 'sessions'))]).toEqual([
      1,
      ['young'],
      ['young'],
    ])
    const early = openStore(dir, { clock: clockAhead(6 * dayMs) })
    expect([await early.sweep(), await early.places('sessions')]).toEqual([0, ['young']])
  })

  test('leaves what is pinned, until it is not', async () => {
    const { store, save } = await openOld()
    for (const id of ['a', 'b']) await save(id)
    await store.pin({ namespace: 'sessions', id: 'a' }, true)
    expect([await store.sweep(), await store.places('sessions')]).toEqual([1, ['a']])
    await store.pin({ namespace: 'sessions', id: 'a' }, false)
    expect([await store.sweep(), await store.places('sessions')]).toEqual([1, []])
  })

  test('changes nothing while it is paused', async () => {
    const state = { isPaused: true }
    const { store, save } = await openOld({ isPaused: () => state.isPaused })
    await save('a')
    expect([await store.sweep(), await store.places('sessions')]).toEqual([0, ['a']])
    state.isPaused = false
    expect(await store.sweep()).toBe(1)
  })

  test('leaves the newest checkpoints of each agent', async () => {
    const { dir, store } = await openOld({ keepLast: 2 })
    const agent = { namespace: 'agents', id: 'a' } as const
    for (const [index, name] of ['1', '2', '3', '4'].entries()) {
      await store.save(agent, { name, type: 'checkpoint', data: name })
      await utimes(join(dir, 'agents/a/checkpoints', name), 1_700_000_000, 1_700_000_000 + index)
    }
    expect(await store.sweep()).toBe(0)
    expect((await store.list(agent)).map(({ name }) => name)).toEqual(['3', '4'])
    expect(await faultsOf(store)).toEqual([])
  })

  test('one place that cannot be removed keeps no other, and what is no place is let be', async () => {
    const files: FileOps = {
      ...realFiles,
      rename: (from, to) => (from.endsWith('/a') ? Promise.reject(new Error('EIO')) : realFiles.rename(from, to)),
    }
    const warnings: unknown[] = []
    const log = { ...silentLog, error: (fields: object) => void warnings.push(fields) }
    const { dir, store, save } = await openOld()
    for (const id of ['a', 'b']) await save(id)
    await writeFile(join(dir, 'sessions', 'stray'), 'no place')
    const failing = openStore(dir, { clock: clockAhead(8 * dayMs), files, log })
    expect([await failing.sweep(), await store.places('sessions')]).toEqual([1, ['a']])
    expect(warnings).toMatchObject([{ place: 'sessions/a', err: { code: 'STORAGE_UNAVAILABLE' } }])
    expect(await readdir(join(dir, 'sessions'))).toEqual(['a', 'stray'])
  })
})
