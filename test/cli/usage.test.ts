import { pino } from 'pino'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createUsageLedger } from '../../src/budget/usage-ledger.ts'
import { parseConfig } from '../../src/config.ts'
import { openDatabase } from '../../src/open-records.ts'
import { randomId } from '../../src/system.ts'
import { settingsIn } from '../e2e/_process.ts'
import { createPostgresDatabase, hasPostgres, postgresName } from '../postgres.ts'
import { answering } from './_answers.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'

const nothing = { inputTokens: 0, outputTokens: 0, cachedTokens: 0, estimatedTokens: 0, nanoUsd: 0, ms: 0, bytes: 0 }

/** Three rows: two of the agent otto on 20 November 2026, one of hello a day later. */
async function writeRows(env: Readonly<Record<string, string>>): Promise<void> {
  const database = await openDatabase(parseConfig(env).records, pino({ level: 'silent' }))
  let nowMs = Date.parse('2026-11-20T12:00:00Z')
  const ledger = createUsageLedger({ database, clock: { nowMs: () => nowMs }, newId: randomId })
  const llm = { ...nothing, kind: 'llm', provider: 'openai', code: 'OK' } as const
  ledger.record({
    ...llm,
    agentId: 'otto',
    sessionId: 's1',
    model: 'm',
    inputTokens: 100,
    outputTokens: 20,
    nanoUsd: 1_500_000,
    ms: 40,
  })
  ledger.record({
    ...nothing,
    kind: 'tool',
    tool: 'grep',
    agentId: 'otto',
    sessionId: 's2',
    ms: 5,
    code: 'TOOL_FAILED',
  })
  await ledger.getUsage(undefined, {})
  nowMs += 86_400_000
  ledger.record({ ...llm, agentId: 'hello', sessionId: 's3', model: 'm', inputTokens: 7, outputTokens: 3, ms: 4 })
  await ledger.getUsage(undefined, {})
  await database.close()
}

const cells = (out: string): string[][] => out.split('\n').map((line) => line.trim().split(/ {2,}/))

async function readsStored(env: Readonly<Record<string, string>>): Promise<void> {
  await writeRows(env)
  const usage = (...args: string[]) => runHere(['usage', ...args], env)
  const all = await usage()
  expect([all.code, all.err]).toEqual([0, ''])
  expect(cells(all.out)).toEqual([
    ['total', 'calls', 'tokens in', 'tokens out', 'dollars', 'ms', 'errors'],
    ['all', '3', '107', '23', '0.001500', '49', '1'],
  ])
  expect(cells((await usage('--by', 'agent,kind')).out)).toEqual([
    ['agent', 'kind', 'calls', 'tokens in', 'tokens out', 'dollars', 'ms', 'errors'],
    ['otto', 'llm', '1', '100', '20', '0.001500', '40', '0'],
    ['hello', 'llm', '1', '7', '3', '0.000000', '4', '0'],
    ['otto', 'tool', '1', '0', '0', '0.000000', '5', '1'],
    ['all', '3', '107', '23', '0.001500', '49', '1'],
  ])
  expect(cells((await usage('--scope', 'agent:hello')).out)[1]).toEqual(['all', '1', '7', '3', '0.000000', '4', '0'])
  expect(cells((await usage('--session', 's2')).out)[1]).toEqual(['all', '1', '0', '0', '0.000000', '5', '1'])
  expect(cells((await usage('--since', '2026-11-21')).out)[1]?.[1]).toBe('1')
  expect(cells((await usage('--until', '2026-11-21')).out)[1]?.[1]).toBe('2')
  expect(cells((await usage('--by', 'agent', '--top', '1')).out)).toHaveLength(3)
  const csv = (await usage('--csv', '--since', '2026-11-21')).out.split('\n')
  expect(csv).toHaveLength(2)
  expect(csv[0]).toMatch(/^at,id,kind,agent,/)
  expect(csv[1]).toMatch(/^2026-11-21T12:00:00\.000Z,[0-9a-f-]{36},llm,hello,/)
}

describe('where no service answers', () => {
  test('it reads the file of the data folder', async () => {
    await readsStored({ ...settingsIn(await temporaryFolder()), OTTO_PORT: '1' })
  })

  test('a database without the table has no usage', async () => {
    const env = { ...settingsIn(await temporaryFolder()), OTTO_PORT: '1' }
    expect(cells((await runHere(['usage', '--by', 'agent'], env)).out)[1]).toEqual([
      'all',
      '0',
      '0',
      '0',
      '0.000000',
      '0',
      '0',
    ])
    expect((await runHere(['usage', '--csv'], env)).out).toMatch(/^at,id,kind,[^\n]*$/)
    expect((await runHere(['migrate', 'status'], env)).out).toContain('not yet')
  })

  describe.skipIf(!hasPostgres)(postgresName, () => {
    test('it reads the database that DATABASE_URL names', async () => {
      const { url, drop } = await createPostgresDatabase()
      onTestFinished(drop)
      const nodes = { OTTO_L1_URL: 'http://127.0.0.1:1', OTTO_L0_URL: 'http://127.0.0.1:1' }
      const env = { ...settingsIn(await temporaryFolder()), ...nodes, OTTO_PORT: '1', OTTO_LOG_LEVEL: 'silent' }
      await readsStored({ ...env, DATABASE_URL: url })
    })
  })
})

describe('of a service', () => {
  const totals = {
    calls: 2,
    inputTokens: 10,
    outputTokens: 5,
    cachedTokens: 0,
    nanoUsd: 2_000_000,
    costUsd: 0.002,
    ms: 9,
    errors: 0,
  }
  const range = { from: null, until: null }

  test('it asks for what is wanted, and prints what it is told', async () => {
    const groups = [{ ...totals, keys: { agent: 'otto', model: 'm\u001b[2J' } }]
    const { url, asked } = await answering(() => ({ json: { totals, groups, range } }))
    const args = ['--by', 'agent,model', '--since', '2026-11-20', '--until', '2026-11-21T06:00:00Z', '--session', 's1']
    const { code, out, err } = await runHere(['usage', ...args, '--top', '5', '--url', url])
    expect([code, err]).toEqual([0, ''])
    const { pathname, searchParams } = new URL(asked[0]?.path ?? '', url)
    expect(pathname).toBe('/api/v1/usage')
    expect(Object.fromEntries(searchParams)).toEqual({
      by: 'agent,model',
      from: '2026-11-20T00:00:00.000Z',
      until: '2026-11-21T06:00:00.000Z',
      scope: 'session:s1',
      top: '5',
    })
    expect(cells(out)).toEqual([
      ['agent', 'model', 'calls', 'tokens in', 'tokens out', 'dollars', 'ms', 'errors'],
      ['otto', 'm\\u001b[2J', '2', '10', '5', '0.002000', '9', '0'],
      ['all', '2', '10', '5', '0.002000', '9', '0'],
    ])
  })

  test('--csv prints its rows as they come', async () => {
    const { port, asked } = await answering(() => ({ text: 'at,id\r\n2026-11-20,1\r\n' }))
    const { code, out } = await runHere(['usage', '--csv', '--scope', 'agent:otto'], { OTTO_PORT: port })
    expect([code, out]).toEqual([0, 'at,id\r\n2026-11-20,1'])
    expect(asked.map(({ path }) => path)).toEqual(['/api/v1/usage?scope=agent%3Aotto&format=csv'])
  })

  test.each([['--by', 'agent'], ['--csv']])('a refusal of %s is told with its code', async (...args) => {
    const json = {
      detail: 'Agents are not enabled in this service.',
      code: 'FEATURE_DISABLED',
      hint: 'Set OTTO_ENABLED.',
    }
    const { url } = await answering(() => ({ status: 403, json }))
    expect(await runHere(['usage', ...args, '--url', url])).toEqual({
      code: 1,
      out: '',
      err: 'otto: FEATURE_DISABLED: Agents are not enabled in this service. Set OTTO_ENABLED.',
    })
  })

  test('one that is named and does not answer is not replaced by the database', async () => {
    const { code, err } = await runHere(['usage', '--url', 'http://127.0.0.1:1'])
    expect([code, err]).toEqual([1, 'otto: No answer from http://127.0.0.1:1. Is the service running?'])
  })
})

test.each([
  { args: ['--by', 'colour'], says: '--by must name some of agent, tool' },
  { args: ['--since', 'yesterday'], says: '--since is no moment' },
  { args: ['--scope', 'otto'], says: '--scope must be like agent:otto' },
  { args: ['--scope', 'hour:3'], says: '--scope must be like agent:otto' },
  { args: ['--scope', 'agent:otto', '--session', 's1'], says: '--session is a scope already' },
  { args: ['--csv', '--by', 'agent'], says: '--csv prints rows' },
  { args: ['--top', 'many'], says: '--top must be a count' },
  { args: ['--deep'], says: '--deep' },
  { args: ['now'], says: 'now' },
])('otto usage $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['usage', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
})
