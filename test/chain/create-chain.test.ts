import nock from 'nock'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import { createHttpTransport } from '../../src/chain/http-transport.ts'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { machine, script } from './ledger-fixtures.ts'
import { systemClock } from './system-clock.ts'

const l1 = 'http://l1.test:9000'
const l0 = 'http://l0.test:9100'
const signal = new AbortController().signal
const { fiberId } = machine

afterEach(() => nock.cleanAll())

const workchain = createDialect('workchain')
const dialects = [workchain, createDialect('ottochain')]

const open = (dialect: Dialect = workchain, transport?: Transport): Chain =>
  createChain({
    transport: transport ?? createHttpTransport({ l1: [l1], l0: [l0, 'http://l0-b.test:9100'], clock: systemClock }),
    dialect,
    clock: systemClock,
    random: () => 0.5,
    readTimeoutMs: 2000,
  })

describe.each(dialects)('reads fibers of $name', (dialect) => {
  const { prefix, paths } = dialect
  const ownPath = `${prefix}/${paths.machines}/${fiberId}`
  const record = dialect.encodeFiber(machine)
  const state = dialect.encodeCalculatedState({
    ordinal: 9,
    fibers: new Map<string, Fiber>([
      [machine.fiberId, machine],
      [script.fiberId, script],
    ]),
  })
  let chain: Chain
  beforeEach(() => {
    chain = open(dialect)
  })

  test('by the route of the record', async () => {
    nock(l0).get(ownPath).reply(200, record)
    expect(await chain.readMachine(fiberId, { signal })).toEqual(dialect.readMachine(record))
  })

  test('a script, by its own route', async () => {
    const wire = dialect.encodeFiber(script)
    nock(l0).get(`${prefix}/${paths.scripts}/${script.fiberId}`).reply(200, wire)
    expect(await chain.readScript(script.fiberId, { signal })).toEqual(dialect.readScript(wire))
  })

  test('200 null is an unknown fiber', async () => {
    nock(l0).get(ownPath).reply(200, 'null')
    nock(l0).get(`${prefix}/${paths.scripts}/${fiberId}`).reply(200, 'null')
    expect(await chain.readMachine(fiberId, { signal })).toBeNull()
    expect(await chain.readScript(fiberId, { signal })).toBeNull()
  })

  test.each(['checkpoint', 'calculated-state'])('from the %s where the own route is missing', async (route) => {
    nock(l0).get(ownPath).reply(404, 'Not found')
    if (route === 'calculated-state') nock(l0).get(`${prefix}/checkpoint`).reply(404, 'Not found')
    // Three times: what worked is asked first from then on, for scripts too.
    nock(l0).get(`${prefix}/${route}`).times(3).reply(200, { ordinal: 9, state })
    expect(await chain.readMachine(fiberId, { signal })).toEqual(dialect.readMachine(record))
    expect(await chain.readScript(script.fiberId, { signal })).toMatchObject({ stateData: { board: [] } })
    expect(await chain.readMachine('00000000-0000-4000-8000-000000000000', { signal })).toBeNull()
    expect(nock.isDone()).toBe(true)
  })

  test('finds its way back when the route that worked is gone', async () => {
    nock(l0).get(ownPath).reply(404, 'Not found')
    nock(l0).get(`${prefix}/checkpoint`).reply(200, { ordinal: 9, state })
    await chain.readMachine(fiberId, { signal })
    nock(l0).get(`${prefix}/checkpoint`).reply(404, 'Not found')
    nock(l0).get(ownPath).reply(200, record)
    expect(await chain.readMachine(fiberId, { signal })).toMatchObject({ fiberId })
  })

  test('a record of another dialect is not guessed at', async () => {
    const other = dialects.find(({ name }) => name !== dialect.name)
    nock(l0).get(ownPath).reply(200, other?.encodeFiber(machine))
    await expect(chain.readMachine(fiberId, { signal })).rejects.toMatchObject({
      code: 'LEDGER_UNREACHABLE',
      details: { reason: 'bad_shape' },
    })
  })

  test('events: what the devnet tells is kept, what does not fit is left out', async () => {
    const event = { eventName: 'make_move', payload: { cell: 4 }, hash: 'ab', ordinal: 9, success: true }
    const receipt = { fiberId, sequenceNumber: 1, eventName: 'make_move', ordinal: 9, success: true }
    nock(l0)
      .get(`${ownPath}/events`)
      .reply(200, [receipt, { ...event, extra: 1 }, { ...event, payload: null }, 'x'])
    expect(await chain.readEvents(fiberId, { signal })).toEqual([event])
  })

  test.each([
    { name: 'null', status: 200, body: 'null' },
    { name: 'none', status: 200, body: '[]' },
    { name: 'no such route', status: 404, body: 'Not found' },
  ])('events of a real node: $name', async ({ status, body }) => {
    nock(l0).get(`${ownPath}/events`).reply(status, body)
    expect(await chain.readEvents(fiberId, { signal })).toEqual([])
  })
})

describe('an L0 that cannot be used', () => {
  const path = `/data-application/state-machines/${fiberId}`
  const both = (reply: (address: nock.Scope) => void) => {
    for (const address of [l0, 'http://l0-b.test:9100']) reply(nock(address))
  }
  const unreachable = {
    code: 'LEDGER_UNREACHABLE',
    kind: 'unavailable',
    hint: 'Nothing was played; try again shortly.',
  }

  test('a second address answers', async () => {
    nock(l0).get(path).reply(503, { message: 'Node is not ready yet' })
    nock('http://l0-b.test:9100').get(path).reply(200, 'null')
    expect(await open().readMachine(fiberId, { signal })).toBeNull()
  })

  test.each([500, 503, 302, 429])('all answer %i', async (status) => {
    both((address) => address.get(path).reply(status, ''))
    await expect(open().readMachine(fiberId, { signal })).rejects.toMatchObject({
      ...unreachable,
      details: { layer: 'l0', reason: 'bad_status', status },
    })
  })

  test('nobody answers', async () => {
    both((address) => address.get(path).replyWithError(new Error('reset')))
    await expect(open().readMachine(fiberId, { signal })).rejects.toMatchObject({
      ...unreachable,
      details: { reason: 'no_answer' },
    })
  })

  test.each([
    { name: 'no JSON', status: 200, body: '<html>', reason: 'bad_shape' },
    { name: 'no access', status: 403, body: '', reason: 'bad_status' },
  ])('$name', async ({ status, body, reason }) => {
    nock(l0).get(path).reply(status, body)
    await expect(open().readMachine(fiberId, { signal })).rejects.toMatchObject({ ...unreachable, details: { reason } })
  })

  test('none of the routes exists', async () => {
    const routes = [path, '/data-application/checkpoint', '/data-application/calculated-state']
    for (const route of routes) nock(l0).get(route).reply(404, 'Not found')
    await expect(open().readMachine(fiberId, { signal })).rejects.toMatchObject({
      ...unreachable,
      details: { status: 404 },
    })
  })

  test('a checkpoint without a state', async () => {
    nock(l0).get(path).reply(404, 'Not found')
    nock(l0).get('/data-application/checkpoint').reply(200, { ordinal: 1 })
    await expect(open().readMachine(fiberId, { signal })).rejects.toMatchObject({ details: { reason: 'bad_shape' } })
  })
})

describe('the newest ordinal', () => {
  test('is read', async () => {
    nock(l0).get('/snapshots/latest/ordinal').reply(200, { value: 7 })
    expect(await open().readOrdinal({ signal })).toBe(7)
  })

  test.each([{ value: '7' }, { value: -1 }, { value: 1.5 }, 7, null])('is not guessed from %j', async (body) => {
    nock(l0).get('/snapshots/latest/ordinal').reply(200, JSON.stringify(body))
    await expect(open().readOrdinal({ signal })).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
  })
})

describe('the L1', () => {
  test('is well when ready', async () => {
    nock(l1).get('/node/info').reply(200, { state: 'Ready', version: '3.3.2' })
    await expect(open().pingL1({ signal })).resolves.toBeUndefined()
  })

  test.each([
    {
      name: 'observing',
      status: 200,
      body: { state: 'Observing' },
      details: { reason: 'not_ready', state: 'Observing' },
    },
    { name: 'of another kind', status: 200, body: { ok: true }, details: { reason: 'bad_shape' } },
    { name: 'failing', status: 502, body: {}, details: { reason: 'bad_status', status: 502 } },
    { name: 'without the route', status: 404, body: {}, details: { reason: 'bad_status', status: 404 } },
  ])('is not well: $name', async ({ status, body, details }) => {
    nock(l1).get('/node/info').reply(status, body)
    await expect(open().pingL1({ signal })).rejects.toMatchObject({ details: { layer: 'l1', ...details } })
  })
})

describe('reads at the same time', () => {
  function slowTransport() {
    const asked: string[] = []
    const answer = Promise.withResolvers<NodeAnswer>()
    const transport: Transport = {
      async request({ path }) {
        asked.push(path)
        return answer.promise
      },
      close: async () => undefined,
    }
    const reply = () => answer.resolve({ status: 200, json: null, text: undefined, retryAfterSeconds: undefined })
    return { asked, transport, reply }
  }

  test('of one fiber are one request; of another, another', async () => {
    const { asked, transport, reply } = slowTransport()
    const chain = open(workchain, transport)
    const reads = [
      chain.readMachine(fiberId, { signal }),
      chain.readMachine(fiberId, { signal }),
      chain.readScript(fiberId, { signal }),
      chain.readMachine(script.fiberId, { signal }),
    ]
    reply()
    expect(await Promise.all(reads)).toEqual([null, null, null, null])
    expect(asked).toHaveLength(3)
    await chain.readMachine(fiberId, { signal })
    expect(asked).toHaveLength(4)
  })

  test('one caller who gives up does not take the answer from the other', async () => {
    const { transport, reply } = slowTransport()
    const chain = open(workchain, transport)
    const hangUp = new AbortController()
    const given = chain.readMachine(fiberId, { signal: hangUp.signal })
    const kept = chain.readMachine(fiberId, { signal })
    hangUp.abort()
    await expect(given).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE', details: { reason: 'no_answer' } })
    reply()
    expect(await kept).toBeNull()
  })

  test('a transport that never answers ends with the reading time', async () => {
    const { transport } = slowTransport()
    const chain = createChain({
      transport,
      dialect: workchain,
      clock: systemClock,
      random: () => 0.5,
      readTimeoutMs: 20,
    })
    await expect(chain.readMachine(fiberId, { signal })).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
    await expect(chain.readOrdinal({ signal })).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
  })
})

test('closing the chain closes the transport', async () => {
  let isClosed = false
  const close = async () => {
    isClosed = true
  }
  await open(workchain, { request: () => Promise.reject(new Error('unused')), close }).close()
  expect(isClosed).toBe(true)
})
