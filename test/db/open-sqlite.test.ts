import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { sql } from 'kysely'
import { describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { insert, recordingLog, stored } from './kit.ts'

function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otto-db-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, 'data', 'otto.db')
}

const open = (path: string) => openSqlite({ path, log: silentLog })

const use = async <T>(path: string, work: (database: Database) => Promise<T>): Promise<T> => {
  const database = await open(path)
  try {
    return await work(database)
  } finally {
    await database.close()
  }
}

/** A process that writes rows to a file until it is ended. */
function startStorm(path: string, writers: number) {
  const script = new URL('./_storm.ts', import.meta.url).pathname
  const child = spawn(process.execPath, [script, path, String(writers)], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  const kill = async () => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
  }
  return { pid: String(child.pid), lines: createInterface({ input: child.stdout })[Symbol.asyncIterator](), kill }
}

describe('the file', () => {
  test('is made for this user alone, with its folder', async () => {
    const path = temporaryFile()
    await use(path, async (database) => {
      await database.write(insert('a'))
      expect(statSync(path).mode & 0o777).toBe(0o600)
      expect(statSync(`${path}-wal`).mode & 0o777).toBe(0o600)
      expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700)
    })
  })

  test('keeps what was written, notes too, when it is closed', async () => {
    const path = temporaryFile()
    await use(path, async (database) => {
      await database.write(insert('a1'))
      database.later(insert('a2'))
    })
    expect(await use(path, (database) => stored(database, 'a'))).toEqual(['a1', 'a2'])
  })

  test('syncs every commit', async () => {
    await use(temporaryFile(), async ({ query }) => {
      const setting = async (name: string) => (await sql<object>`pragma ${sql.raw(name)}`.execute(query)).rows
      expect(await setting('synchronous')).toEqual([{ synchronous: 2 }]) // FULL
      expect(await setting('journal_mode')).toEqual([{ journal_mode: 'wal' }])
    })
  })

  test('takes no second opener, in this process or another', async () => {
    const path = temporaryFile()
    await use(path, async () => {
      await expect(open(path)).rejects.toMatchObject({
        code: 'DATABASE_LOCKED',
        kind: 'invalid',
        details: { file: path },
      })
      await expect(open(path)).rejects.toHaveProperty('hint', expect.stringContaining('OTTO_DATA_DIR'))
    })
    const { lines, kill } = startStorm(path, 1)
    await lines.next()
    await expect(open(path)).rejects.toHaveProperty('code', 'DATABASE_LOCKED')
    await kill()
    expect((await use(path, (database) => stored(database, ''))).length).toBeGreaterThan(0)
  })

  test('is refused where it is no database', async () => {
    const path = temporaryFile()
    await use(path, async () => {})
    writeFileSync(path, 'This is a letter. '.repeat(1_000))
    await expect(open(path)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED', message: expect.stringContaining(path) })
  })

  test.each([0.3, 0.6, 0.9])('is refused where %d of the way in something else stands', async (place) => {
    const path = temporaryFile()
    await use(path, (database) =>
      Promise.all(Array.from({ length: 200 }, (_, index) => database.write(insert(`${index}`.padEnd(400, '.'))))),
    )
    const bytes = readFileSync(path)
    const page = Math.floor((bytes.length / 4_096) * place)
    bytes.fill(0xff, page * 4_096, (page + 1) * 4_096)
    writeFileSync(path, bytes)
    await expect(open(path)).rejects.toMatchObject({ code: 'DATABASE_DAMAGED', details: { file: path } })
    expect(readFileSync(path).equals(bytes)).toBe(true)
  })

  test('is refused where the folder cannot be made', async () => {
    const path = temporaryFile()
    await use(path, async () => {})
    await expect(open(join(path, 'otto.db'))).rejects.toMatchObject({
      code: 'DATABASE_UNUSABLE',
      details: { setting: 'OTTO_DATA_DIR' },
    })
  })

  test('is refused where a newer version changed it, and left as it is', async () => {
    const path = temporaryFile()
    await use(path, async (database) => {
      await sql`insert into kysely_migration values ('900-newer', ${new Date().toISOString()})`.execute(database.query)
    })
    await expect(open(path)).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
      kind: 'invalid',
      details: { migration: '900-newer' },
    })
  })

  test('is left alone by who only looks', async () => {
    const path = temporaryFile()
    const database = await openSqlite({ path, log: silentLog, isMigrated: false })
    const { rows } = await sql`select name from sqlite_master`.execute(database.query)
    await database.close()
    expect(rows).toEqual([])
  })
})

test('after it is closed nothing is written', async () => {
  const log = recordingLog()
  const database = await openSqlite({ path: ':memory:', log })
  await database.close()
  await expect(database.write(insert('a'))).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
  database.later(insert('b'))
  expect(log.lines).toEqual([expect.stringContaining('lost')])
})

test('values that SQLite would take for something else are a bug', async () => {
  await use(':memory:', async (database) => {
    const wrong = database.write((transaction) => sql`select ${{ a: 1 }}`.execute(transaction))
    await expect(wrong).rejects.toThrow(TypeError)
    expect(await database.write(insert('a'))).toBe('a')
  })
})

test('writes keep the order of their coming', async () => {
  await use(':memory:', async (database) => {
    const names = Array.from({ length: 50 }, (_, index) => `${index}`)
    const ended: string[] = []
    const writes: Promise<unknown>[] = []
    for (const [index, name] of names.entries()) {
      writes.push(database.write(insert(name)).then((told) => ended.push(told)))
      if (index % 7 === 0) await new Promise(setImmediate)
    }
    await Promise.all(writes)
    const rows = await sql<{ name: string }>`select game_id as name from game_locks order by rowid`.execute(
      database.query,
    )
    expect(rows.rows.map(({ name }) => name)).toEqual(names)
    expect(ended).toEqual(names)
  })
})

test.each([
  { lines: 40, writers: 1 },
  { lines: 900, writers: 16 },
])(
  'killed after $lines lines of $writers writers, the file holds all that was told',
  async ({ lines: wanted, writers }) => {
    const path = temporaryFile()
    const { lines, kill } = startStorm(path, writers)
    const told: string[] = []
    while (told.length < wanted) told.push((await lines.next()).value ?? '')
    await kill()
    for await (const line of { [Symbol.asyncIterator]: () => lines }) told.push(line) // what was on its way
    const there = new Set(await use(path, (database) => stored(database, '')))
    expect(told.filter((name) => name.length === 400 && !there.has(name))).toEqual([])
    expect(there.size).toBeGreaterThanOrEqual(wanted)
  },
  60_000,
)

test('a full disk refuses writes, loses none that was told, and takes them again by itself', async () => {
  const path = temporaryFile()
  const { pid, lines, kill } = startStorm(path, 4)
  const told: string[] = []
  const until = async (isIt: (line: string) => boolean) => {
    for (let tries = 0; tries < 20_000; tries++) {
      const line = (await lines.next()).value ?? ''
      if (!line.startsWith('!')) told.push(line)
      if (isIt(line)) return line
    }
    return expect.unreachable()
  }
  await until((line) => line.length === 400)
  // No file may grow past this: to a process the same as a disk that is full.
  limit(pid, String(statSync(`${path}-wal`).size + 200_000))
  expect(await until((line) => line.startsWith('!'))).toBe('! STORAGE_UNAVAILABLE')
  limit(pid, 'unlimited')
  await until((line) => !line.startsWith('!'))
  await until((line) => !line.startsWith('!'))
  await kill()
  const there = new Set(await use(path, (database) => stored(database, '')))
  expect(told.filter((name) => !there.has(name))).toEqual([])
}, 60_000)

/** Sets the size of file that a process may write, by a tool of every Linux; only the soft limit, so that it can go up. */
function limit(pid: string, bytes: string): void {
  const { status, stderr } = spawnSync('prlimit', ['--pid', pid, `--fsize=${bytes}:unlimited`], { encoding: 'utf8' })
  expect(stderr).toBe('')
  expect(status).toBe(0)
}
