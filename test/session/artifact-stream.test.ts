import { hash } from 'node:crypto'
import { appendFile, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import type { ArtifactStore } from '../../src/session/artifact.ts'
import { deadFrom, fullAfter } from './_faulty-files.ts'
import { clockAhead, dayMs, faultsOf, openStore, session, temporaryFolder, textOf } from './_kit.ts'

const hourMs = 3_600_000
const open = (store: ArtifactStore, name = 't.jsonl') => store.open(session, { name, type: 'transcript' })
const write = async (store: ArtifactStore, lines: readonly string[]) => {
  const stream = await open(store)
  for (const line of lines) await stream.append(line)
  return stream.close()
}

test('lines stand in a file in their order, and it is sealed with its checksum', async () => {
  const dir = await temporaryFolder()
  const store = openStore(dir)
  const stream = await open(store)
  const lines = Array.from({ length: 1_000 }, (_, n) => JSON.stringify({ n }))
  await Promise.all(lines.map((line) => stream.append(line)))
  const ref = await stream.close()
  const text = `${lines.join('\n')}\n`
  expect(ref).toMatchObject({ path: 'sessions/s1/t.jsonl', bytes: text.length, checksum: hash('sha256', text) })
  expect([await textOf(openStore(dir), 't.jsonl'), await openStore(dir).list(session)]).toEqual([text, [ref]])
  expect([await faultsOf(openStore(dir)), await stream.close()]).toEqual([[], ref])
})

test('what is open is read and listed as far as it is, and is nobody else’s to write', async () => {
  const store = openStore(await temporaryFolder())
  const stream = await open(store)
  await stream.append('x'.repeat(9 * 1024 * 1024)) // so much that it waits for the disk
  expect(await store.list(session)).toMatchObject([{ name: 't.jsonl', bytes: 9 * 1024 * 1024 + 1 }])
  expect((await store.load(session, 't.jsonl')).bytes).toHaveLength(9 * 1024 * 1024 + 1)
  const busy = { code: 'STATE_ERROR', hint: expect.stringContaining('Wait') }
  await expect(open(store)).rejects.toMatchObject(busy)
  await expect(store.save(session, { name: 't.jsonl', type: 'result', data: '' })).rejects.toMatchObject(busy)
  await expect(store.delete(session)).rejects.toMatchObject(busy)
  await expect(store.delete(session, 't.jsonl')).rejects.toMatchObject(busy)
  expect(await faultsOf(store)).toEqual([])
  await stream.close()
  expect(await store.delete(session)).toBe(true)
})

test('goes on behind what was sealed', async () => {
  const dir = await temporaryFolder()
  const first = await write(openStore(dir), ['1', '2'])
  const second = await write(openStore(dir, { clock: clockAhead(hourMs) }), ['3'])
  expect([await textOf(openStore(dir), 't.jsonl'), second.createdAt]).toEqual(['1\n2\n3\n', first.createdAt])
  expect(await faultsOf(openStore(dir))).toEqual([])
})

test('does not go on behind what was altered', async () => {
  const dir = await temporaryFolder()
  await write(openStore(dir), ['1'])
  await writeFile(join(dir, 'sessions/s1/t.jsonl'), '2\n')
  await expect(open(openStore(dir))).rejects.toMatchObject({ code: 'CHECKPOINT_CORRUPT' })
  expect(await faultsOf(openStore(dir))).toEqual([{ path: 'sessions/s1/t.jsonl', fault: 'altered' }])
})

/** A stream whose process is gone: two lines and a torn one are on the disk. */
async function abandoned() {
  const dir = await temporaryFolder()
  const stream = await open(openStore(dir))
  // This process lives on and has its file open; awaited, since closing writes into the folder that is removed next.
  onTestFinished(async () => void (await stream.close().catch(() => undefined)))
  await stream.append('1')
  await stream.append('2')
  const path = join(dir, 'sessions/s1/t.jsonl')
  await expect.poll(() => readFile(path, 'utf8')).toBe('1\n2\n')
  await appendFile(path, '{"tor')
  return { dir, path }
}

test('one whose process died is read as it is, told by a check, and gone on with behind its last whole line', async () => {
  const { dir } = await abandoned()
  const store = openStore(dir)
  expect([await textOf(store, 't.jsonl'), await faultsOf(store)]).toEqual([
    '1\n2\n{"tor',
    [{ path: 'sessions/s1/t.jsonl', fault: 'unlisted' }],
  ])
  await write(store, ['3'])
  expect([await textOf(store, 't.jsonl'), await faultsOf(store)]).toEqual(['1\n2\n3\n', []])
})

test('one whose process died is sealed by the sweep once nobody can be writing it', async () => {
  const { dir } = await abandoned()
  const soon = openStore(dir, { clock: clockAhead(hourMs / 2) })
  expect([await soon.sweep(), await faultsOf(soon)]).toMatchObject([0, [{ fault: 'unlisted' }]])
  const later = openStore(dir, { clock: clockAhead(2 * hourMs) })
  expect([await later.sweep(), await faultsOf(later), await textOf(later, 't.jsonl')]).toEqual([0, [], '1\n2\n'])
})

test('a torn line of any length is cut off, whatever stands before it', async () => {
  const { dir, path } = await abandoned()
  await writeFile(path, `a\n${'b'.repeat(200_000)}`)
  await write(openStore(dir), ['c'])
  expect(await readFile(path, 'utf8')).toBe('a\nc\n')
})

test('one that ends at any step of the disk is gone on with', async () => {
  for (let step = 0; ; step++) {
    const dir = await temporaryFolder()
    const { files, isDead } = deadFrom(step)
    await write(openStore(dir, { files }), ['{"n":1}', '{"n":2}']).catch(() => undefined)
    const store = openStore(dir)
    await write(store, ['{"n":3}'])
    const lines = (await textOf(store, 't.jsonl')).trimEnd().split('\n')
    const all = ['{"n":1}', '{"n":2}', '{"n":3}']
    expect(all.filter((line) => lines.includes(line))).toEqual(lines)
    expect(lines).toContain('{"n":3}')
    expect(await faultsOf(store)).toEqual([])
    if (!isDead()) break
  }
})

test('a full disk stops nobody and is told at the end; what is there is whole lines for the next one', async () => {
  const dir = await temporaryFolder()
  // The ref takes some two hundred bytes before the first line.
  const stream = await open(openStore(dir, { files: fullAfter(1_000) }))
  for (let n = 0; n < 100; n++) await stream.append('x'.repeat(99))
  await expect(stream.close()).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOSPC' } })
  const ref = await write(openStore(dir), ['end'])
  expect((ref.bytes - 4) % 100).toBe(0)
  expect([
    await textOf(openStore(dir), 't.jsonl').then((text) => text.endsWith('end\n')),
    await faultsOf(openStore(dir)),
  ]).toEqual([true, []])
})

test('a session that is being written is not swept, however old its files are', async () => {
  const store = openStore(await temporaryFolder(), { clock: clockAhead(8 * dayMs) })
  await store.save(session, { name: 'x', type: 'result', data: '' })
  const stream = await open(store)
  expect([await store.sweep(), await store.places('sessions')]).toEqual([0, ['s1']])
  await stream.close()
  expect(await store.sweep()).toBe(1)
})

test('begins anew where a deletion left a file that nobody knows of', async () => {
  const dir = await temporaryFolder()
  await write(openStore(dir), ['deleted'])
  await rm(join(dir, 'sessions/s1/.refs/t.jsonl.json'))
  await write(openStore(dir), ['new'])
  expect(await textOf(openStore(dir), 't.jsonl')).toBe('new\n')
})
