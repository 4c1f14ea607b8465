import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { createServer } from 'node:net'
import nock from 'nock'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpTransport } from '../../src/chain/http-transport.ts'
import type { NodeRequest } from '../../src/chain/transport.ts'
import { answerJson, openLoopbackNode } from './loopback-node.ts'
import { systemClock } from './system-clock.ts'

// Real sockets only: under nock no time-out fires.
beforeAll(() => nock.restore())
afterAll(() => nock.activate())

const forever = new AbortController().signal
const post = (signal = forever): NodeRequest => ({ layer: 'l1', method: 'POST', path: '/data', body: {}, signal })

/** A transport with the limits that it has unless told. */
function open(url: string) {
  const transport = createHttpTransport({ l1: [url], l0: [url], clock: systemClock })
  return { ...transport, [Symbol.asyncDispose]: () => transport.close() }
}

/** How a request fails, and after how long. */
async function failure(request: Promise<unknown>): Promise<{ name: string; ms: number }> {
  const startMs = performance.now()
  const error = await request.then(
    () => undefined,
    (cause: unknown) => cause,
  )
  return { name: error instanceof Error ? error.name : 'none', ms: performance.now() - startMs }
}

/** Takes connections and says nothing. */
async function openMuteServer() {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    sockets.push(socket)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo // it listens on TCP
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

const mebibyte = 1024 * 1024

/** A body of so many bytes: a JSON text. */
const bodyOf = (bytes: number) => `"${'x'.repeat(bytes - 2)}"`

describe.concurrent('unless told', () => {
  test('a connection has a second to stand, TLS included; then nothing was sent', async () => {
    await using server = await openMuteServer()
    await using transport = open(`https://127.0.0.1:${server.port}`)
    const { name, ms } = await failure(transport.request(post()))
    expect(name).toBe('NotSentError')
    expect(ms).toBeGreaterThan(900)
    expect(ms).toBeLessThan(4_500)
  })

  test('the headers have five seconds', async () => {
    await using node = await openLoopbackNode(() => undefined)
    await using transport = open(node.url)
    const { name, ms } = await failure(transport.request(post()))
    expect(name).toBe('NoAnswerError')
    expect(ms).toBeGreaterThan(4_500)
    expect(ms).toBeLessThan(10_000)
    expect(node.received).toHaveLength(1)
  })

  test('and so has each silence inside a body', async () => {
    await using node = await openLoopbackNode((_, response) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('{')
    })
    await using transport = open(node.url)
    const { name, ms } = await failure(transport.request(post()))
    expect(name).toBe('NoAnswerError')
    expect(ms).toBeGreaterThan(4_500)
    expect(ms).toBeLessThan(10_000)
  })

  test.each([
    { name: 'all of 16 MiB are read', bytes: 16 * mebibyte, failed: 'none' },
    { name: 'not a byte above, announced', bytes: 16 * mebibyte + 1, failed: 'NoAnswerError' },
    { name: 'not a byte above, unannounced', bytes: 16 * mebibyte + 1, failed: 'NoAnswerError', isChunked: true },
  ])('$name', async ({ bytes, failed, isChunked = false }) => {
    await using node = await openLoopbackNode((_, response) => {
      const body = bodyOf(bytes)
      response.writeHead(200, isChunked ? {} : { 'content-length': bytes })
      response.end(body)
    })
    await using transport = open(node.url)
    expect((await failure(transport.request(post()))).name).toBe(failed)
  })

  test('one signal holds to the last byte, however steadily they drip', async () => {
    const responses: ServerResponse[] = []
    await using node = await openLoopbackNode((_, response) => {
      responses.push(response)
      response.writeHead(200, { 'content-type': 'application/json' })
      const drip = setInterval(() => response.write(' '), 20)
      response.once('close', () => clearInterval(drip))
    })
    await using transport = open(node.url)
    const { name, ms } = await failure(transport.request(post(AbortSignal.timeout(300))))
    expect(name).toBe('NoAnswerError')
    expect(ms).toBeLessThan(4_500)
    if (!responses[0]?.closed) await once(responses[0] as ServerResponse, 'close') // there was one request
  })
})

test('a POST over a connection that is closed under it goes out once', async () => {
  let answers = 0
  await using node = await openLoopbackNode((request, response) => {
    answers += 1
    if (answers === 1) answerJson({ hash: 'ab' })(request, response)
    else request.socket.destroy()
  })
  await using transport = open(node.url)
  expect(await transport.request(post())).toMatchObject({ status: 200 })
  expect((await failure(transport.request(post()))).name).toBe('NoAnswerError')
  expect(node.received).toHaveLength(2)
})

test('what asks for another try gets none: nothing below a delivery sends again', async () => {
  for (const status of [408, 425, 429, 500, 502, 503, 504]) {
    await using node = await openLoopbackNode((_, response) =>
      response.writeHead(status, { 'retry-after': '0', 'content-type': 'application/json' }).end('{}'),
    )
    await using transport = open(node.url)
    expect(await transport.request(post())).toMatchObject({ status })
    expect(node.received).toHaveLength(1)
  }
})
