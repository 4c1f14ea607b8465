import { describe } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { openPostgres } from '../../src/db/open-postgres.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { databaseContract } from './contract.ts'

describe.skipIf(!hasPostgres)(postgresName, () => {
  databaseContract(async () => {
    const { url, drop } = await createPostgresDatabase()
    const database = await openPostgres({ url, log: silentLog })
    const other = await openPostgres({ url, log: silentLog })
    const close = async () => {
      await Promise.all([database.close(), other.close()])
      await drop()
    }
    return { database, other, close }
  })
})
