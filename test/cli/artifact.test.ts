import { readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { createArtifactStore } from '../../src/session/create-artifact-store.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { settingsIn } from '../e2e/_process.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

/** A data folder with two sessions, a checkpoint of an agent, and `otto artifact` over it. */
async function stored() {
  const env = settingsIn(await temporaryFolder())
  const dir = String(env['OTTO_DATA_DIR'])
  const deps = { dir, clock: systemClock, retentionDays: 7, isPaused: () => false, newId: randomId, log: silentLog }
  const store = createArtifactStore(deps)
  const result = { name: 'result.json', type: 'result', data: '{"ok":1}' } as const
  await store.save({ namespace: 'sessions', id: 's1' }, result)
  await store.save(
    { namespace: 'sessions', id: 's1' },
    { name: 'notes.txt', type: 'intermediate', data: 'twelve bytes' },
  )
  await store.save({ namespace: 'sessions', id: 's2' }, result)
  await store.save({ namespace: 'agents', id: 'otto' }, { name: 'state', type: 'checkpoint', data: '{}' })
  return { dir, run: (...args: string[]) => runHere(['artifact', ...args], env) }
}

test('ls prints the sessions, and the files of one', async () => {
  const { run } = await stored()
  const all = await run('ls')
  expect([all.code, all.err]).toEqual([0, ''])
  expect(all.out.split('\n')).toEqual([
    expect.stringMatching(/^session {2}files {2}bytes {2}newest$/),
    expect.stringMatching(/^s1 +2 +20 {2}\d{4}-\d\d-\d\dT\S+Z$/),
    expect.stringMatching(/^s2 +1 +8 {2}\d{4}-\d\d-\d\dT\S+Z$/),
  ])
  const one = await run('ls', 's1')
  expect(one.out).toMatch(/^sessions\/s1\/notes\.txt +intermediate +12 {2}[0-9a-f]{64} {2}\S+Z$/m)
  expect(one.out).toMatch(/^sessions\/s1\/result\.json +result +8 {2}[0-9a-f]{64} {2}\S+Z$/m)
  expect(one.out.split('\n')).toHaveLength(3)
})

test('verify ends with 0 where every file is as it was written', async () => {
  const { run } = await stored()
  const whole = { code: 0, out: 'every file is as it was written', err: '' }
  expect(await run('verify')).toEqual(whole)
  expect(await run('verify', 's1')).toEqual(whole)
})

test('verify ends with 1 and names each file that is not', async () => {
  const { dir, run } = await stored()
  await writeFile(join(dir, 'sessions/s1/notes.txt'), 'twelve bytez')
  await rm(join(dir, 'sessions/s2/result.json'))
  const { code, out, err } = await run('verify')
  expect([code, out]).toEqual([1, ''])
  expect(err.split('\n').toSorted()).toEqual(['sessions/s1/notes.txt: altered', 'sessions/s2/result.json: missing'])
  expect((await run('verify', 's1')).err).toBe('sessions/s1/notes.txt: altered')
})

test('looking changes nothing, also where nothing is stored', async () => {
  const folder = await temporaryFolder()
  const env = { OTTO_DATA_DIR: join(folder, 'var') }
  expect(await runHere(['artifact', 'ls'], env)).toMatchObject({ code: 0, out: 'session  files  bytes  newest' })
  expect(await runHere(['artifact', 'verify'], env)).toMatchObject({ code: 0, err: '' })
  expect(await readdir(folder)).toEqual([])
})

test.each(['nobody', '..', 'a/b'])('a session that is not there, %s, ends with 1', async (id) => {
  const { run } = await stored()
  for (const action of ['ls', 'verify'])
    expect(await run(action, id)).toEqual({ code: 1, out: '', err: 'otto: There is no session with this id.' })
})

test.each([[[]], [['rm']], [['ls', 's1', 's2']], [['verify', '--all']]])(
  'otto artifact %j is wrong usage',
  async (args) => {
    const { code, err } = await runHere(['artifact', ...args])
    expect(code).toBe(2)
    expect(err).toContain('name one of ls and verify')
  },
)
