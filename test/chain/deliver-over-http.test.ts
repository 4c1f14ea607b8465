import nock from 'nock'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Look } from '../../src/chain/chain.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import { createHttpTransport } from '../../src/chain/http-transport.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { node, signedMove } from './scripted-ledger.ts'
import { systemClock } from './system-clock.ts'

const l1 = 'http://l1.test:9000'
const l0 = 'http://l0.test:9100'

const open = () =>
  createChain({
    transport: createHttpTransport({ l1: [l1], l0: [l0], clock: systemClock }),
    dialect: createDialect('workchain'),
    clock: systemClock,
    random: () => 0.5,
    readTimeoutMs: 2000,
  })

afterEach(() => nock.cleanAll())

const ours = { hash: signedMove.hash, feeHash: null }
const deliver = (look: Look<string>) =>
  open().deliver(signedMove, { look: async () => look, deadlineMs: systemClock.monotonicMs() + 250 })

beforeEach(() => {
  nock(l0).get('/snapshots/latest/ordinal').optionally().times(9).reply(200, { value: 7 })
  nock(l0).get(`/transactions/${signedMove.hash}/errors`).optionally().times(9).reply(200, 'null')
})

test('the exact envelope, once', async () => {
  let body = ''
  const post = nock(l1)
    .post('/data', (sent) => {
      body = JSON.stringify(sent)
      return true
    })
    .reply(200, ours)
  expect(await deliver({ settled: true, value: 'played' })).toEqual({
    outcome: 'settled',
    value: 'played',
  })
  expect(body).toBe(JSON.stringify(signedMove.envelope))
  expect(post.isDone()).toBe(true)
})

test.each([
  { name: 'queued', status: 200, body: ours, delivery: { outcome: 'pending' } },
  { name: 'another hash', status: 200, body: { hash: 'ab', feeHash: null }, delivery: { outcome: 'unknown' } },
  { name: 'no body', status: 200, body: '', delivery: { outcome: 'unknown' } },
  { name: 'gateway', status: 502, body: '', delivery: { outcome: 'unknown' } },
  { name: 'refused', status: 400, body: node.refuses.json, delivery: { outcome: 'refused' } },
  { name: 'misconfigured', status: 401, body: '', delivery: { outcome: 'refused' } },
  { name: 'redirected', status: 308, body: '', delivery: { outcome: 'refused' } },
  { name: 'throttled', status: 429, body: '', delivery: { outcome: 'not_sent' } },
])('$name: $delivery.outcome', async ({ status, body, delivery }) => {
  nock(l1).post('/data').times(9).reply(status, body)
  expect(await deliver({ settled: false })).toMatchObject(delivery)
})
