import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpTransport } from '../../src/chain/http-transport.ts'
import type { NodeRequest } from '../../src/chain/transport.ts'
import { answerJson, closedAddress, failures, openLoopbackNode } from './loopback-node.ts'
import { systemClock } from './system-clock.ts'

// Real sockets only: under nock a refused connection looks like one that stood, and its time-outs never fire.
beforeAll(() => nock.restore())
afterAll(() => nock.activate())

const unused = 'http://127.0.0.1:9'

function open({ l1 = [unused], l0 = [unused] }: { l1?: readonly string[]; l0?: readonly string[] }) {
  const transport = createHttpTransport({
    l1,
    l0,
    clock: systemClock,
    headersTimeoutMs: 80,
    connectTimeoutMs: 500,
    maxAnswerBytes: 1000,
  })
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() }
}

const forever = new AbortController().signal

const post = (over: Partial<NodeRequest> = {}): NodeRequest => ({
  layer: 'l1',
  method: 'POST',
  path: '/data',
  body: { value: { a: null }, proofs: [] },
  signal: forever,
  ...over,
})

const get = (over: Partial<NodeRequest> = {}): NodeRequest => ({
  layer: 'l0',
  method: 'GET',
  path: '/snapshots/latest/ordinal',
  signal: forever,
  ...over,
})

describe('one request', () => {
  test('posts the JSON text as it is, and reads the answer once', async () => {
    await using node = await openLoopbackNode(answerJson({ hash: 'ab', feeHash: null }))
    await using transport = open({ l1: [node.url] })
    expect(await transport.request(post())).toEqual({
      status: 200,
      json: { hash: 'ab', feeHash: null },
      text: undefined,
      retryAfterSeconds: undefined,
    })
    expect(node.received).toEqual([
      { method: 'POST', path: '/data', body: '{"value":{"a":null},"proofs":[]}', type: 'application/json' },
    ])
  })

  test.each([
    { base: '/l1', path: '/l1/data' },
    { base: '/a/b/', path: '/a/b/data' },
    { base: '/', path: '/data' },
  ])('keeps the path in front: $base', async ({ base, path }) => {
    await using node = await openLoopbackNode(answerJson(null))
    await using transport = open({ l1: [`${node.url}${base}`] })
    await transport.request(post())
    expect(node.received.map((one) => one.path)).toEqual([path])
  })

  test('gives the text of what is not JSON', async () => {
    await using node = await openLoopbackNode((_, response) => response.writeHead(404).end('Not found'))
    await using transport = open({ l0: [node.url] })
    expect(await transport.request(get())).toMatchObject({ status: 404, json: undefined, text: 'Not found' })
  })

  test('does not follow a redirect', async () => {
    await using target = await openLoopbackNode(answerJson({ value: 1 }))
    await using node = await openLoopbackNode((_, response) =>
      response.writeHead(307, { location: `${target.url}/data` }).end(),
    )
    await using transport = open({ l1: [node.url] })
    expect(await transport.request(post())).toMatchObject({ status: 307 })
    expect(target.received).toEqual([])
  })

  test.each([
    { header: '7', seconds: 7 },
    { header: 'Sat, 01 Jan 2000 00:00:00 GMT', seconds: 0 },
    { header: 'soon', seconds: undefined },
  ])('reads Retry-After: $header', async ({ header, seconds }) => {
    await using node = await openLoopbackNode((_, response) => response.writeHead(429, { 'retry-after': header }).end())
    await using transport = open({ l1: [node.url] })
    expect(await transport.request(post())).toMatchObject({ status: 429, retryAfterSeconds: seconds })
  })

  test('reads a Retry-After that is a date', async () => {
    const date = new Date(Date.now() + 60_000).toUTCString()
    await using node = await openLoopbackNode((_, response) => response.writeHead(429, { 'retry-after': date }).end())
    await using transport = open({ l1: [node.url] })
    const { retryAfterSeconds = 0 } = await transport.request(post())
    expect(retryAfterSeconds).toBeGreaterThan(50)
    expect(retryAfterSeconds).toBeLessThanOrEqual(60)
  })
})

describe('certainly not received', () => {
  test('a refused connection', async () => {
    await using transport = open({ l1: [await closedAddress()] })
    await expect(transport.request(post())).rejects.toMatchObject({ name: 'NotSentError', code: 'LEDGER_UNREACHABLE' })
  })

  test('a failed TLS handshake', async () => {
    await using node = await openLoopbackNode(answerJson(null))
    await using transport = open({ l1: [node.url.replace('http:', 'https:')] })
    await expect(transport.request(post())).rejects.toMatchObject({ name: 'NotSentError' })
    expect(node.received).toEqual([])
  })

  test('a signal that fired before', async () => {
    await using node = await openLoopbackNode(answerJson(null))
    await using transport = open({ l1: [node.url] })
    const request = transport.request(post({ signal: AbortSignal.abort() }))
    await expect(request).rejects.toMatchObject({ name: 'NotSentError' })
    expect(node.received).toEqual([])
  })
})

describe('nobody can know', () => {
  test.each(Object.entries(failures))('%s: no second address is tried for a POST', async (_, answer) => {
    await using first = await openLoopbackNode(answer)
    await using second = await openLoopbackNode(answerJson({ hash: 'ab' }))
    await using transport = open({ l1: [first.url, second.url] })
    await expect(transport.request(post())).rejects.toMatchObject({ name: 'NoAnswerError', code: 'LEDGER_NO_ANSWER' })
    expect(first.received).toHaveLength(1)
    expect(second.received).toEqual([])
  })

  test.each(Object.entries(failures))('%s: a read goes to the next address', async (_, answer) => {
    await using first = await openLoopbackNode(answer)
    await using second = await openLoopbackNode(answerJson({ value: 7 }))
    await using transport = open({ l0: [first.url, second.url] })
    expect(await transport.request(get())).toMatchObject({ json: { value: 7 } })
  })

  test('the signal ends the wait for the headers and for the body', async () => {
    const halfAnswered = Promise.withResolvers<void>()
    await using node = await openLoopbackNode((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{')
      halfAnswered.resolve()
    })
    await using transport = open({ l1: [node.url] })
    const hangUp = new AbortController()
    const request = transport.request(post({ signal: hangUp.signal }))
    await halfAnswered.promise
    hangUp.abort(new Error('The caller hung up.'))
    await expect(request).rejects.toMatchObject({ name: 'NoAnswerError' })
  })

  test('closing ends what is under way', async () => {
    const arrived = Promise.withResolvers<void>()
    await using node = await openLoopbackNode(() => arrived.resolve())
    const transport = open({ l1: [node.url] })
    const request = transport.request(post())
    const failure = expect(request).rejects.toMatchObject({ name: 'NoAnswerError' })
    await arrived.promise
    await transport.close()
    await failure
  })
})

describe('several addresses', () => {
  test('a POST goes on where nothing was received', async () => {
    await using node = await openLoopbackNode(answerJson({ hash: 'ab' }))
    await using transport = open({ l1: [await closedAddress(), node.url] })
    expect(await transport.request(post())).toMatchObject({ json: { hash: 'ab' } })
  })

  test('a POST stays with the answer it got, and the next one starts elsewhere after a 5xx', async () => {
    await using first = await openLoopbackNode(answerJson({ message: 'Node is not ready yet' }, 503))
    await using second = await openLoopbackNode(answerJson({ hash: 'ab' }))
    await using transport = open({ l1: [first.url, second.url] })
    expect(await transport.request(post())).toMatchObject({ status: 503 })
    expect(second.received).toEqual([])
    expect(await transport.request(post())).toMatchObject({ status: 200 })
  })

  test('a read goes on after a 5xx, and stays with the one that was good', async () => {
    await using first = await openLoopbackNode(answerJson({ message: 'Node is not ready yet' }, 503))
    await using second = await openLoopbackNode(answerJson({ value: 7 }))
    await using transport = open({ l0: [first.url, second.url] })
    await transport.request(get())
    await transport.request(get())
    expect(first.received).toHaveLength(1)
    expect(second.received).toHaveLength(2)
  })

  test('a read gives the last 5xx when no address is better', async () => {
    await using node = await openLoopbackNode(answerJson({ message: 'Node is not ready yet' }, 503))
    await using transport = open({ l0: [node.url, await closedAddress()] })
    expect(await transport.request(get())).toMatchObject({ status: 503 })
  })

  test('a read fails as not sent only when no address received it', async () => {
    await using mute = await openLoopbackNode((request) => request.socket.destroy())
    await using one = open({ l0: [await closedAddress(), await closedAddress()] })
    await using other = open({ l0: [mute.url, await closedAddress()] })
    await expect(one.request(get())).rejects.toMatchObject({ name: 'NotSentError' })
    await expect(other.request(get())).rejects.toMatchObject({ name: 'NoAnswerError' })
  })

  test('layers are apart', async () => {
    await using l1 = await openLoopbackNode(answerJson('l1'))
    await using l0 = await openLoopbackNode(answerJson('l0'))
    await using transport = open({ l1: [l1.url], l0: [l0.url] })
    expect(await transport.request(get({ layer: 'l1' }))).toMatchObject({ json: 'l1' })
    expect(await transport.request(get({ layer: 'l0' }))).toMatchObject({ json: 'l0' })
  })
})

test.each(['', 'localhost:9000', 'ftp://a.test', 'http://user:word@a.test', 'http://a.test/?x=1', 'http://a.test/#x'])(
  'refuses an address that is no base URL: %j',
  (url) => {
    expect(() => open({ l1: [url] })).toThrow(expect.objectContaining({ code: 'NODE_ADDRESS_INVALID' }))
  },
)

test('refuses a layer without an address', () => {
  expect(() => open({ l0: [] })).toThrow(expect.objectContaining({ code: 'NODE_ADDRESS_INVALID' }))
})
