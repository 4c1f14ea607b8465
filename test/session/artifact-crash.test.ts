import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import type { ArtifactStore } from '../../src/session/artifact.ts'
import { createCheckpoints } from '../../src/session/checkpoints.ts'
import { deadFrom, fullAfter } from './_faulty-files.ts'
import { clockAhead, dayMs, faultsOf, openStore, session, temporaryFolder, textOf } from './_kit.ts'

const save = (store: ArtifactStore, data: string) => store.save(session, { name: 'x', type: 'intermediate', data })
/** What a new process finds: the text, or none. */
const found = (dir: string) => textOf(openStore(dir), 'x').catch(({ code }) => code)
const leftovers = async (dir: string) =>
  (await readdir(join(dir, 'sessions'), { recursive: true })).filter((name) => name.endsWith('.tmp'))

test.each([
  { name: 'a first write', before: undefined, none: 'ARTIFACT_NOT_FOUND' },
  { name: 'a second one', before: 'old', none: 'old' },
])('$name that ends at any step leaves the old file or the new one, and no fault', async ({ before, none }) => {
  const seen = new Set<string>()
  for (let step = 0; ; step++) {
    const dir = await temporaryFolder()
    if (before !== undefined) await save(openStore(dir), before)
    const { files, isDead } = deadFrom(step)
    const isAcknowledged = await save(openStore(dir, { files }), 'new').then(
      () => true,
      () => false,
    )
    const after = await found(dir)
    seen.add(after)
    expect([none, 'new']).toContain(after)
    if (isAcknowledged) expect(after).toBe('new')
    expect(await faultsOf(openStore(dir))).toEqual([])
    // An hour later what was left is gone, and what was found is still there.
    const later = openStore(dir, { clock: clockAhead(2 * 3_600_000) })
    await later.sweep()
    expect([await found(dir), await faultsOf(later)]).toEqual([after, []])
    if (step > 0) expect(await leftovers(dir)).toEqual([])
    await save(openStore(dir), 'newest')
    expect([await found(dir), await faultsOf(later)]).toEqual(['newest', []])
    if (!isDead()) break
  }
  expect(seen).toEqual(new Set([none, 'new']))
})

test('a disk that is full at any byte leaves the old file and nothing else', async () => {
  const [big, small] = ['y'.repeat(1_000), 'old']
  for (let bytes = 0; ; bytes += 97) {
    const dir = await temporaryFolder()
    await save(openStore(dir), small)
    const ended = await save(openStore(dir, { files: fullAfter(bytes) }), big).catch((error) => error)
    if (!(ended instanceof Error)) break
    expect(ended).toMatchObject({ code: 'STORAGE_UNAVAILABLE', cause: { code: 'ENOSPC' } })
    expect([await found(dir), await faultsOf(openStore(dir)), await leftovers(dir)]).toEqual([small, [], []])
  }
})

test('a removal that ends at any step leaves no half of a place', async () => {
  for (let step = 0; ; step++) {
    const dir = await temporaryFolder()
    await save(openStore(dir), 'x')
    const { files, isDead } = deadFrom(step)
    await openStore(dir, { files })
      .delete(session)
      .catch(() => false)
    const places = await openStore(dir).places('sessions')
    if (places.length > 0) expect(await found(dir)).toBe('x')
    expect(await faultsOf(openStore(dir))).toEqual([])
    await openStore(dir, { clock: clockAhead(8 * dayMs) }).sweep()
    expect(await readdir(join(dir, 'sessions'))).toEqual([])
    if (!isDead()) break
  }
})

const loop = fileURLToPath(new URL('./_save-loop.ts', import.meta.url))

test('kill -9 while 10 MB are saved loses nothing that was acknowledged, and breaks nothing', async () => {
  const dir = await temporaryFolder()
  let acknowledged = 0
  for (let round = 0; round < 5; round++) {
    const child = spawn(process.execPath, [loop, dir, String(acknowledged)], { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: child.stdout })
    const ended = Promise.all([once(child, 'close'), once(lines, 'close')]) // every line was read then
    lines.on('line', (line) => {
      acknowledged = Math.max(acknowledged, Number(line))
    })
    await once(lines, 'line')
    // Anywhere within one save: they take some tens of milliseconds.
    setTimeout(() => child.kill('SIGKILL'), Math.random() * 200)
    await ended
    const store = openStore(dir)
    const checkpoint = await createCheckpoints(store, clockAhead()).load('a', 'state')
    // What was written and not told any more may be there, too.
    expect(Number(checkpoint?.data['n']) - acknowledged).toBeOneOf([0, 1])
    expect(checkpoint?.data['text']).toHaveLength(10_000_000)
    expect(await faultsOf(store)).toEqual([])
    acknowledged = Number(checkpoint?.data['n'])
  }
  expect(acknowledged).toBeGreaterThanOrEqual(5)
}, 60_000)
