import { mkdir, mkdtemp, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { createKillSwitch } from '../../src/policy/create-kill-switch.ts'
import type { KillSwitch } from '../../src/policy/kill-switch.ts'
import { systemClock } from '../../src/system.ts'
import { eventually, recordingLog } from '../db/kit.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { openMemory } from '../records.ts'

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-kill-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

async function openMemoryHere(): Promise<Database> {
  const database = await openMemory()
  onTestFinished(() => database.close())
  return database
}

type Options = { file?: string; isOnByEnvironment?: boolean; database?: Pick<Database, 'engine' | 'query' | 'write'> }

/** A switch on a database in memory, what it told, and where its file would be. */
async function openSwitch({ file, isOnByEnvironment = false, database }: Options = {}) {
  const path = file ?? join(await folder(), 'KILL')
  const memory = database ?? (await openMemoryHere())
  const log = recordingLog()
  const events: object[] = []
  const publish = (type: string, data: object) => void events.push({ type, ...data })
  const options = { isOnByEnvironment, file: path, database: memory, clock: systemClock, pollMs: 5, publish, log }
  const kill = await createKillSwitch(options)
  onTestFinished(() => kill.close())
  return { kill, path, events, log }
}

/** Until it stands so, by the polls of the switch. */
const sourcesOnce = (kill: KillSwitch, sources: readonly string[]) =>
  eventually(
    async () => kill.state().sources,
    (found) => found.join() === sources.join(),
  )

const admin = { principal: 'admin' }

test('is off where nothing says otherwise', async () => {
  const { kill, events, log } = await openSwitch()
  expect(kill.isOn()).toBe(false)
  expect(kill.state()).toEqual({ isOn: false, sources: [], reason: null, since: null })
  expect([events, log.lines]).toEqual([[], []])
})

test('by the environment: nothing else turns it off', async () => {
  const { kill, log } = await openSwitch({ isOnByEnvironment: true })
  expect(kill.isOn()).toBe(true)
  expect(log.lines).toEqual([expect.stringContaining('warn: KILL SWITCH ON')])
  expect(await kill.set(false, admin)).toMatchObject({ isOn: true, sources: ['environment'] })
  expect(kill.isOn()).toBe(true)
})

describe('by the file', () => {
  test('is seen while the service runs, with the reason in it, and when it goes', async () => {
    const { kill, path, events, log } = await openSwitch()
    await writeFile(path, 'a bill of \u001b[31m$900\n')
    expect(await sourcesOnce(kill, ['file'])).toEqual(['file'])
    await eventually(
      async () => kill.state().reason,
      (reason) => reason !== null,
    )
    expect(kill.state()).toMatchObject({ isOn: true, reason: 'a bill of [31m$900', since: expect.stringMatching(/Z$/) })
    await unlink(path)
    expect(await sourcesOnce(kill, [])).toEqual([])
    expect(kill.isOn()).toBe(false)
    expect(events[0]).toEqual({ type: 'kill.changed', isOn: true, sources: ['file'] })
    expect(events.at(-1)).toEqual({ type: 'kill.changed', isOn: false, sources: [] })
    expect(log.lines.at(-1)).toContain('warn: KILL SWITCH OFF')
  })

  test.each([
    { name: 'an empty file', make: (path: string) => writeFile(path, '') },
    { name: 'a folder', make: (path: string) => mkdir(path) },
    { name: 'a link that leads nowhere', make: (path: string) => symlink('/nowhere/at/all', path) },
  ])('$name counts, at the start too', async ({ make }) => {
    const path = join(await folder(), 'KILL')
    await make(path)
    const { kill } = await openSwitch({ file: path })
    expect(kill.state()).toMatchObject({ isOn: true, sources: ['file'], reason: null })
  })

  test('that nobody can ask for stays as it was last known; at the start it counts as there', async () => {
    const dir = await folder()
    const way = join(dir, 'way')
    /** Lets the way lead elsewhere, with no moment in between. */
    const lead = async (to: string) => {
      await symlink(to, join(dir, 'new'))
      await rename(join(dir, 'new'), way)
    }
    await Promise.all(['with', 'without'].map((name) => mkdir(join(dir, name))))
    await writeFile(join(dir, 'with', 'KILL'), 'stop')
    await lead('without')
    const off = await openSwitch({ file: join(way, 'KILL') })
    await lead('way') // in a circle
    const circle = await openSwitch({ file: join(way, 'KILL') })
    expect(circle.kill.state().sources).toEqual(['file'])
    await eventually(
      async () => off.log.lines,
      ({ length }) => length > 0,
    )
    expect(off.kill.isOn()).toBe(false)
    for (const { log } of [off, circle])
      expect(log.lines.filter((line) => line.includes('nobody can say'))).toHaveLength(1)
    await lead('with')
    expect(await sourcesOnce(off.kill, ['file'])).toEqual(['file'])
    await lead('without')
    expect(await sourcesOnce(circle.kill, [])).toEqual([])
  })
})

/** What holds on every engine. */
function contract(open: () => Promise<Database>): void {
  test('by an administrator: lasts over a restart, until one turns it off', async () => {
    const database = await open()
    const first = await openSwitch({ database })
    const state = await first.kill.set(true, { principal: 'admin', reason: 'runaway\nagent' })
    expect(state).toMatchObject({ isOn: true, sources: ['route'], reason: 'runaway agent' })
    await first.kill.close()

    const second = await openSwitch({ database })
    expect(second.kill.state()).toEqual(state)
    expect(await second.kill.set(false, admin)).toEqual({ isOn: false, sources: [], reason: null, since: null })
    await second.kill.close()

    expect((await openSwitch({ database })).kill.isOn()).toBe(false)
  })

  test('of orders that come together, the last one counts', async () => {
    const { kill } = await openSwitch({ database: await open() })
    await Promise.all([true, false, true, false].map((isOn) => kill.set(isOn, admin)))
    expect(await sourcesOnce(kill, [])).toEqual([])
    await Promise.all([false, true].map((isOn) => kill.set(isOn, admin)))
    expect(await sourcesOnce(kill, ['route'])).toEqual(['route'])
  })
}

describe('in SQLite', () => {
  contract(openMemoryHere)
})

describe.skipIf(!hasPostgres)(`in ${postgresName}`, () => {
  const opened = async (url: string) => {
    const database = await openPostgres({ url, log: silentLog })
    onTestFinished(() => database.close())
    return database
  }
  const fresh = async () => {
    const { url, drop } = await createPostgresDatabase()
    onTestFinished(drop)
    return url
  }
  contract(async () => opened(await fresh()))

  test('holds for every process on the database', async () => {
    const url = await fresh()
    const [here, there] = [
      await openSwitch({ database: await opened(url) }),
      await openSwitch({ database: await opened(url) }),
    ]
    await here.kill.set(true, { principal: 'admin', reason: 'why' })
    expect(await sourcesOnce(there.kill, ['route'])).toEqual(['route'])
    expect(there.kill.state()).toEqual(here.kill.state())
    await there.kill.set(false, admin)
    expect(await sourcesOnce(here.kill, [])).toEqual([])
  })
})

test('turned on where it cannot be stored it is on here, and says that it will not last', async () => {
  const memory = await openMemoryHere()
  let isFull = true
  const write: Database['write'] = (work) =>
    isFull ? Promise.reject(new RangeError('the disk is full')) : memory.write(work)
  const { kill } = await openSwitch({ database: { engine: 'sqlite', query: memory.query, write } })
  await expect(kill.set(true, admin)).rejects.toThrow('the disk is full')
  expect(kill.isOn()).toBe(true)
  await expect(kill.set(false, admin)).rejects.toThrow('the disk is full')
  expect(kill.isOn()).toBe(true)
  isFull = false
  expect((await kill.set(false, admin)).isOn).toBe(false)
})

test('each listener is told of each change until it has enough; one that throws harms no other', async () => {
  const { kill, log } = await openSwitch()
  const told: boolean[] = []
  kill.onChange(() => {
    throw new RangeError('a listener')
  })
  const stop = kill.onChange(({ isOn }) => void told.push(isOn))
  await kill.set(true, admin)
  await kill.set(true, admin) // no change
  await kill.set(false, admin)
  stop()
  await kill.set(true, admin)
  expect(told).toEqual([true, false])
  expect(log.lines.filter((line) => line.startsWith('error: a listener'))).toHaveLength(3)
})

test('a closed switch looks no more', async () => {
  const { kill, path, events } = await openSwitch()
  const other = await openSwitch({ file: path })
  await kill.close()
  await writeFile(path, '')
  await sourcesOnce(other.kill, ['file'])
  await unlink(path)
  expect(await sourcesOnce(other.kill, [])).toEqual([])
  expect(events).toEqual([])
})
