import { sql } from 'kysely'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { Database } from '../../src/db/database.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { startCuttingProxy } from './_cutting-proxy.ts'
import { eventually, fresh, insert, recordingLog, stored } from './kit.ts'

describe('an address that leads nowhere', () => {
  const inspected = async (url: string) => {
    const log = recordingLog()
    const error: unknown = await openPostgres({ url, log }).catch((reason) => reason)
    const { cause } = error instanceof Error ? error : {}
    return { error, text: JSON.stringify([String(error), error, String(cause), cause, log.lines]) }
  }

  test.each(['postgres://otto:secret-word@127.0.0.1:1/otto', 'postgres://otto:secret-word@127.0.0.1:port/otto'])(
    '%s names the setting, and shows no password',
    async (url) => {
      const { error, text } = await inspected(url)
      expect(error).toMatchObject({
        code: 'DATABASE_UNUSABLE',
        kind: 'invalid',
        details: { setting: 'DATABASE_URL' },
      })
      expect(text).not.toContain('secret-word')
    },
  )
})

describe.skipIf(!hasPostgres)(postgresName, () => {
  let server: { readonly url: string; drop(): Promise<void> }
  beforeAll(async () => {
    server = await createPostgresDatabase()
  })
  afterAll(() => server.drop())

  async function open(url = server.url, log = silentLog): Promise<Database> {
    const database = await openPostgres({ url, log })
    onTestFinished(() => database.close())
    return database
  }

  async function openThroughProxy() {
    const proxy = await startCuttingProxy(server.url)
    const log = recordingLog()
    const database = await openPostgres({ url: proxy.url, log })
    onTestFinished(async () => {
      await database.close()
      await proxy.close()
    })
    return { proxy, database, log }
  }

  test('several bridges may open an empty database at once', async () => {
    const empty = await createPostgresDatabase()
    const opened = await Promise.all(Array.from({ length: 4 }, () => openPostgres({ url: empty.url, log: silentLog })))
    const id = fresh()
    await Promise.all(opened.map((database, index) => database.write(insert(`${id}${index}`))))
    for (const database of opened) expect(await stored(database, id)).toHaveLength(4)
    await Promise.all(opened.map((database) => database.close()))
    await empty.drop()
  })

  test('a database that is not there names the setting', async () => {
    const url = new URL(server.url)
    url.pathname = '/otto_nowhere'
    await expect(openPostgres({ url: url.href, log: silentLog })).rejects.toMatchObject({
      code: 'DATABASE_UNUSABLE',
      message: expect.stringContaining('"otto_nowhere" does not exist'),
    })
  })

  test('a newer version is said to be one', async () => {
    const newer = await createPostgresDatabase()
    const database = await openPostgres({ url: newer.url, log: silentLog })
    await sql`insert into kysely_migration values ('900-newer', ${new Date().toISOString()})`.execute(database.query)
    await database.close()
    await expect(openPostgres({ url: newer.url, log: silentLog })).rejects.toHaveProperty('code', 'DATABASE_NEWER')
    await newer.drop()
  })

  test('commits wait for the disk, whatever the server does for others', async () => {
    const lax = await createPostgresDatabase()
    const first = await openPostgres({ url: lax.url, log: silentLog })
    await sql`do $$ begin execute 'alter database ' || current_database() || ' set synchronous_commit = off'; end $$`.execute(
      first.query,
    )
    await first.close()
    const database = await openPostgres({ url: lax.url, log: silentLog })
    const { rows } = await sql`show synchronous_commit`.execute(database.query)
    await database.close()
    await lax.drop()
    expect(rows).toEqual([{ synchronous_commit: 'on' }])
  })

  test('a connection that the server ends in a transaction costs that write alone', async () => {
    const database = await open()
    const id = fresh()
    const cut = database.write(async (transaction) => {
      await insert(`${id}1`)(transaction)
      const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction)
      await sql`select pg_terminate_backend(${rows[0]?.pid})`.execute(database.query)
      await new Promise((resolve) => setTimeout(resolve, 50)) // nothing is asked of it when it ends
      await insert(`${id}2`)(transaction)
    })
    await expect(cut).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    await database.write(insert(`${id}3`))
    expect(await stored(database, id)).toEqual([`${id}3`])
  })

  test('idle connections that the server ends are replaced', async () => {
    const [log, id] = [recordingLog(), fresh()]
    const database = await open(server.url, log)
    await database.write(insert(`${id}1`))
    const other = await open()
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`.execute(other.query)
    await eventually(
      async () => log.lines.length,
      (count) => count > 0,
    )
    await database.write(insert(`${id}2`))
    expect(await stored(database, id)).toHaveLength(2)
  })

  test('a commit whose answer is lost is told as what it was: stored', async () => {
    const { proxy, database } = await openThroughProxy()
    const id = fresh()
    proxy.cutNext('after')
    expect(await database.write(insert(id))).toBe(id)
    expect(await stored(database, id)).toEqual([id])
  })

  test('a commit that is lost on the way is told as what it was: not stored', async () => {
    const { proxy, database } = await openThroughProxy()
    const id = fresh()
    proxy.cutNext('before')
    await expect(database.write(insert(id))).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    expect(await stored(database, id)).toEqual([])
    expect(await database.write(insert(id))).toBe(id)
  })

  test('reads during an outage say so, and come back by themselves', async () => {
    const { proxy, database } = await openThroughProxy()
    const id = fresh()
    const reading = sql`select pg_sleep(3)`.execute(database.query)
    setTimeout(proxy.breakAll, 100)
    await expect(reading).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    expect(await stored(database, id)).toEqual([])
  })

  test('a statement that takes too long is an outage, and its connection goes on', async () => {
    const database = await open()
    const slow = database.write(async (transaction) => {
      await sql`set local statement_timeout = 50`.execute(transaction)
      await sql`select pg_sleep(3)`.execute(transaction)
    })
    await expect(slow).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
    await expect(database.probe()).resolves.toBeUndefined()
  })

  test('of two writes that wait for each other, both are stored', async () => {
    const database = await open()
    const id = fresh()
    await database.write(insert(`${id}a`))
    await database.write(insert(`${id}b`))
    const touch = (first: string, second: string) =>
      database.write(async (transaction) => {
        for (const name of [first, second]) {
          await transaction
            .updateTable('game_locks')
            .set(({ eb }) => ({ hold: eb('hold', '+', 1) }))
            .where('game_id', '=', `${id}${name}`)
            .execute()
          await new Promise((resolve) => setTimeout(resolve, 100))
        }
      })
    await Promise.all([touch('a', 'b'), touch('b', 'a')])
    const rows = await database.query
      .selectFrom('game_locks')
      .select('hold')
      .where('game_id', 'like', `${id}%`)
      .execute()
    expect(rows).toEqual([{ hold: 2 }, { hold: 2 }])
  })

  test('a standby, which takes no writes, does not pass for one that does', async () => {
    const database = await open()
    await expect(
      database.write(async (transaction) => {
        await sql`set transaction read only`.execute(transaction)
        await insert(fresh())(transaction)
      }),
    ).rejects.toHaveProperty('code', 'STORAGE_UNAVAILABLE')
  })

  test('a failed statement that was caught does not pass for a commit', async () => {
    const database = await open()
    const id = fresh()
    const swallowed = database.write(async (transaction) => {
      await insert(id)(transaction)
      await insert(id)(transaction).catch(() => undefined)
    })
    await expect(swallowed).rejects.toThrow(TypeError)
    expect(await stored(database, id)).toEqual([])
  })
})
