import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { breakTransport } from '../../src/chain/breaking-transport.ts'
import { createChain } from '../../src/chain/create-chain.ts'
import { deliver } from '../../src/chain/delivery.ts'
import { CircuitOpenError, NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import { createHttpTransport } from '../../src/chain/http-transport.ts'
import type { Layer, NodeAnswer, NodeRequest, Transport } from '../../src/chain/transport.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { answerJson, openLoopbackNode } from './loopback-node.ts'
import { createScriptedLedger, node, signedMove } from './scripted-ledger.ts'
import { systemClock } from './system-clock.ts'
import { createVirtualClock } from './virtual-clock.ts'

// Real sockets where there are any.
beforeAll(() => nock.restore())
afterAll(() => nock.activate())

const forever = new AbortController().signal

const asking = (layer: Layer, signal = forever): NodeRequest => ({ layer, method: 'GET', path: '/node/info', signal })

const answered = (status: number): NodeAnswer => ({ status, json: null, text: undefined, retryAfterSeconds: undefined })

/** A transport that does as the test says, behind a breaker, on virtual time. */
function scripted() {
  const clock = createVirtualClock()
  const asked: Layer[] = []
  const does = { next: async (_: NodeRequest): Promise<NodeAnswer> => answered(200) }
  const plain: Transport = {
    request(request) {
      asked.push(request.layer)
      return does.next(request)
    },
    close: async () => undefined,
  }
  const changes: string[] = []
  const transport = breakTransport(plain, { clock, onChange: (layer, state) => void changes.push(`${layer} ${state}`) })
  const fail = async (layer: Layer, times: number) => {
    for (let i = 0; i < times; i++) await transport.request(asking(layer)).catch(() => undefined)
  }
  return { clock, asked, does, transport, changes, fail }
}

const throws = (error: Error) => () => Promise.reject(error)

describe('opens', () => {
  test.each([
    { name: 'connections that do not come about', next: throws(new NotSentError('No connection came about.')) },
    { name: 'answers that do not come', next: throws(new NoAnswerError('l1')) },
    { name: '502', next: async () => answered(502) },
    { name: '503', next: async () => answered(503) },
    { name: '504', next: async () => answered(504) },
  ])('after five of: $name', async ({ next }) => {
    const { does, transport, asked, changes, fail } = scripted()
    does.next = next
    await fail('l1', 4)
    expect(transport.breakers.l1.state()).toBe('closed')
    await fail('l1', 3)
    expect(transport.breakers.l1.state()).toBe('open')
    expect(asked).toHaveLength(5)
    expect(changes).toEqual(['l1 open'])
  })

  test.each([200, 302, 400, 401, 404, 408, 413, 429, 500])('not after %d, which proves life', async (status) => {
    const { does, transport, fail } = scripted()
    does.next = async () => answered(status)
    await fail('l1', 30)
    expect(transport.breakers.l1.state()).toBe('closed')
  })

  test('one layer alone', async () => {
    const { does, transport, fail } = scripted()
    does.next = async ({ layer }) => answered(layer === 'l1' ? 503 : 200)
    await fail('l1', 5)
    await expect(transport.request(asking('l1'))).rejects.toThrow(CircuitOpenError)
    expect(await transport.request(asking('l0'))).toMatchObject({ status: 200 })
  })
})

describe('a caller', () => {
  test('who hangs up, or has little time, proves nothing', async () => {
    const { does, transport } = scripted()
    does.next = throws(new NoAnswerError('l1'))
    const gone = AbortSignal.abort()
    for (let i = 0; i < 30; i++) await transport.request(asking('l1', gone)).catch(() => undefined)
    expect(transport.breakers.l1.state()).toBe('closed')
  })

  test('who waited as long as a node may take was left waiting by it', async () => {
    const { clock, does, transport } = scripted()
    does.next = async () => {
      await clock.sleep(5_000)
      throw new NoAnswerError('l0')
    }
    const gone = AbortSignal.abort()
    for (let i = 0; i < 5; i++) await clock.run(transport.request(asking('l0', gone)).catch(() => undefined))
    expect(transport.breakers.l0.state()).toBe('open')
  })

  test('is told when to come back, and that nothing was sent', async () => {
    const { clock, does, transport, fail } = scripted()
    does.next = throws(new NoAnswerError('l1'))
    await fail('l1', 5)
    await clock.run(clock.sleep(500))
    const refusal = await transport.request(asking('l1')).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(NotSentError)
    expect(refusal).toMatchObject({ code: 'CIRCUIT_OPEN', details: { layer: 'l1', retryAfterSeconds: 2 } })
  })
})

test('one answer after two seconds lets everybody through again', async () => {
  const { clock, does, transport, changes, fail } = scripted()
  does.next = throws(new NoAnswerError('l1'))
  await fail('l1', 5)
  await clock.run(clock.sleep(2_000))
  does.next = async () => answered(404)
  expect(await transport.request(asking('l1'))).toMatchObject({ status: 404 })
  expect(changes).toEqual(['l1 open', 'l1 closed'])
  expect(await transport.request(asking('l1'))).toMatchObject({ status: 404 })
})

test('a read says so while the L0 is left alone', async () => {
  const { clock, does, transport, fail } = scripted()
  does.next = throws(new NoAnswerError('l0'))
  const dialect = createDialect('workchain')
  const chain = createChain({ transport, dialect, clock, random: () => 0.5, readTimeoutMs: 10_000 })
  const read = () => chain.readMachine(crypto.randomUUID(), { signal: forever })
  await expect(read()).rejects.toMatchObject({ code: 'LEDGER_UNREACHABLE' })
  await fail('l0', 5)
  await expect(read()).rejects.toMatchObject({ code: 'CIRCUIT_OPEN', details: { retryAfterSeconds: 2 } })
  await expect(chain.listScripts({ signal: forever })).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
  await expect(chain.readOrdinal({ signal: forever })).rejects.toMatchObject({ code: 'CIRCUIT_OPEN' })
})

describe('a delivery', () => {
  const behind = (script: Parameters<typeof createScriptedLedger>[0]['script']) => {
    const clock = createVirtualClock()
    const ledger = createScriptedLedger({ clock, script })
    const transport = breakTransport(ledger.parts.transport, { clock })
    const begin = () =>
      clock.run(
        deliver({ ...ledger.parts, transport }, signedMove, {
          look: ledger.look,
          deadlineMs: clock.monotonicMs() + 30_000,
        }),
      )
    return { clock, ledger, transport, begin }
  }

  test('that begins while the L1 is left alone ends at once, with nothing sent', async () => {
    const { clock, ledger, transport, begin } = behind([node.isDown])
    for (let i = 0; i < 5; i++) await transport.request(asking('l1')).catch(() => undefined)
    const before = ledger.sent.length
    const delivery = await begin()
    expect(delivery).toMatchObject({ outcome: 'not_sent', cause: { code: 'CIRCUIT_OPEN' } })
    expect(clock.monotonicMs()).toBe(0)
    expect(ledger.sent).toHaveLength(before)
  })

  test('of which something may have arrived looks on, however often the L1 is left alone', async () => {
    // The first answer is lost on the way, the message arrives late, and the L1 dies.
    const { ledger, transport, begin } = behind([{ ...node.losesIt, appliesAfterMs: 25_000 }, node.isDown])
    expect(await begin()).toEqual({ outcome: 'settled', value: 'applied' })
    expect(transport.breakers.l1.state()).not.toBe('closed')
    expect(ledger.sent.length).toBeLessThan(12)
  })
})

test('over HTTP: a node that dies is left alone, and asked again when it is back', async () => {
  let isWell = false
  await using loopback = await openLoopbackNode((request, response) =>
    isWell ? answerJson({ state: 'Ready' })(request, response) : request.socket.destroy(),
  )
  const addresses = { l1: [loopback.url], l0: [loopback.url] }
  const time = { nowMs: systemClock.nowMs, monotonicMs: () => elapsedMs, sleep: systemClock.sleep }
  let elapsedMs = 0
  const transport = breakTransport(createHttpTransport({ ...addresses, clock: systemClock }), { clock: time })
  try {
    for (let i = 0; i < 5; i++) await expect(transport.request(asking('l1'))).rejects.toThrow(NoAnswerError)
    await expect(transport.request(asking('l1'))).rejects.toThrow(CircuitOpenError)
    expect(loopback.received).toHaveLength(5)
    isWell = true
    elapsedMs = 2_000
    expect(await transport.request(asking('l1'))).toMatchObject({ json: { state: 'Ready' } })
    expect(transport.breakers.l1.state()).toBe('closed')
  } finally {
    await transport.close()
  }
})
