import { describe } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { databaseContract } from './contract.ts'

describe('SQLite', () => {
  databaseContract(async () => {
    const database = await openSqlite({ path: ':memory:', log: silentLog })
    return { database, other: database, close: () => database.close() }
  })
})
