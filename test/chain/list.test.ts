import { expect, test } from 'vitest'
import { createChain } from '../../src/chain/create-chain.ts'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { systemClock } from '../../src/system.ts'

const fiberId = '00000000-0000-4000-8000-000000000001'

const records = {
  workchain: {
    cid: fiberId,
    creationOrdinal: 4,
    latestUpdateOrdinal: 5,
    scriptProgram: null,
    stateData: { gameId: 'g' },
    owners: ['DAG0'],
    status: 'Active',
    invocationCount: 2,
    invocationLog: [],
  },
  ottochain: {
    fiberId,
    creationOrdinal: 4,
    latestUpdateOrdinal: 5,
    scriptProgram: null,
    stateData: { gameId: 'g' },
    owners: ['DAG0'],
    status: 'ACTIVE',
    sequenceNumber: 2,
    lastInvocation: null,
  },
} as const

const ok = (json: JsonValue): NodeAnswer => ({ status: 200, json, text: undefined, retryAfterSeconds: undefined })
const none: NodeAnswer = { status: 404, json: undefined, text: 'Not found', retryAfterSeconds: undefined }

/** A chain over a node that serves these paths and no other. */
function chainOver(name: 'workchain' | 'ottochain', paths: Readonly<Record<string, NodeAnswer>>) {
  const asked: string[] = []
  const transport: Transport = {
    async request({ path }) {
      asked.push(path)
      return paths[path] ?? none
    },
    close: async () => {},
  }
  const dialect = createDialect(name, { ottochainNulls: 'drop' })
  return {
    asked,
    chain: createChain({ transport, dialect, clock: systemClock, random: () => 0, readTimeoutMs: 1_000 }),
  }
}

const signal = new AbortController().signal
const cases = [
  { name: 'workchain', prefix: '/data-application', list: 'oracles', group: 'scriptOracles' },
  { name: 'ottochain', prefix: '/data-application/v1', list: 'oracles', group: 'scripts' },
] as const

test.each(cases)('$name: lists scripts by their own route', async ({ name }) => {
  const dialect = createDialect(name, { ottochainNulls: 'drop' })
  const path = `${dialect.prefix}/${dialect.paths.scripts}`
  const { asked, chain } = chainOver(name, { [path]: ok({ [fiberId]: records[name] }) })
  expect(await chain.listScripts({ signal })).toMatchObject([{ fiberId, creationOrdinal: 4, sequenceNumber: 2 }])
  expect(asked).toEqual([path])
})

test.each(cases)('$name: else out of the checkpoint', async ({ name, group }) => {
  const { prefix } = createDialect(name, { ottochainNulls: 'drop' })
  const state = { stateMachines: {}, [group]: { [fiberId]: records[name] } }
  const { chain } = chainOver(name, { [`${prefix}/checkpoint`]: ok({ ordinal: 7, state }) })
  expect(await chain.listScripts({ signal })).toMatchObject([{ fiberId }])
})

test('a record that is no script does not hide the others', async () => {
  const { prefix, paths } = createDialect('workchain', { ottochainNulls: 'drop' })
  const strange = { cid: 7 }
  const body = { a: strange, b: null, c: records.workchain }
  const { chain } = chainOver('workchain', { [`${prefix}/${paths.scripts}`]: ok(body) })
  expect(await chain.listScripts({ signal })).toHaveLength(1)
})

test('a record that was seen before gives the same view', async () => {
  const { prefix, paths } = createDialect('workchain', { ottochainNulls: 'drop' })
  const { chain } = chainOver('workchain', { [`${prefix}/${paths.scripts}`]: ok({ [fiberId]: records.workchain }) })
  const [first] = await chain.listScripts({ signal })
  const [second] = await chain.listScripts({ signal })
  expect(second).toBe(first)
})

test.each([
  { name: 'no route at all', answer: none },
  { name: 'a list', answer: ok([]) },
  { name: 'a server fault', answer: { ...none, status: 500 } },
])('$name: the ledger cannot be used', async ({ answer }) => {
  const { prefix, paths } = createDialect('workchain', { ottochainNulls: 'drop' })
  const { chain } = chainOver('workchain', { [`${prefix}/${paths.scripts}`]: answer })
  await expect(chain.listScripts({ signal })).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
})
