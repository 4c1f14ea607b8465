import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const nodes = { OTTO_L1_URL: 'http://127.0.0.1:1', OTTO_L0_URL: 'http://127.0.0.1:1' }

async function upAndDown(env: Record<string, string>): Promise<void> {
  const before = await runHere(['migrate', 'status'], env)
  expect(before.code).toBe(0)
  expect(before.out).toMatch(/^001-intents +not yet$/m)
  const up = await runHere(['migrate', 'up'], env)
  expect(up.out).toMatch(/^001-intents +\d{4}-\d{2}-\d{2}T[\d:.]+Z$/m)
  expect(up.out).not.toContain('not yet')
  expect(await runHere(['migrate', 'status'], env)).toEqual(up)
  expect(await runHere(['migrate', 'up'], env)).toEqual(up)
}

test('otto migrate brings a file to this version, and says when', async () => {
  await upAndDown({ OTTO_DATA_DIR: await temporaryFolder() })
})

describe.skipIf(!hasPostgres)(postgresName, () => {
  test('otto migrate brings a database to this version, and says when', async () => {
    const { url, drop } = await createPostgresDatabase()
    onTestFinished(drop)
    await upAndDown({ ...nodes, DATABASE_URL: url, OTTO_LOG_LEVEL: 'silent' })
  })
})

test('otto migrate ends with 78 for a file that is no database, in one line that names it', async () => {
  const dir = await temporaryFolder()
  mkdirSync(join(dir, 'db'))
  writeFileSync(join(dir, 'db', 'otto.sqlite'), 'a letter '.repeat(1_000))
  const { code, err } = await runHere(['migrate', 'status'], { OTTO_DATA_DIR: dir })
  expect(code).toBe(78)
  expect(err).toMatch(/^otto: The database \S+otto\.sqlite is damaged\. Restore it [^\n]+$/)
})

test.each([[[]], [['down']], [['up', 'now']]])('otto migrate %j is wrong usage', async (args) => {
  const { code, err } = await runHere(['migrate', ...args])
  expect(code).toBe(2)
  expect(err).toContain('name one of up and status')
})
