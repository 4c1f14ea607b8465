import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Agent } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { requestPatiently } from '../../src/cli/_patient-request.ts'

/** A server that answers by the number of the request, from 1. */
async function serving(answer: (count: number, response: ServerResponse) => void) {
  const bodies: string[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    bodies.push(Buffer.concat(await request.toArray()).toString())
    answer(bodies.length, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const dispatcher = new Agent()
  onTestFinished(async () => {
    await dispatcher.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const ask = (signal = new AbortController().signal) =>
    requestPatiently(`http://127.0.0.1:${port}/`, {
      method: 'POST',
      body: '{"same":1}',
      dispatcher,
      signal,
      timeoutMs: 5_000,
    })
  return { bodies, ask }
}

const later = (response: ServerResponse, seconds: string) =>
  response.writeHead(429, { 'retry-after': seconds }).end('{}')

test('waits as long as it is told, and sends the same again', async () => {
  const { bodies, ask } = await serving((count, response) =>
    count === 1 ? later(response, '1') : response.writeHead(200).end('{}'),
  )
  const startedMs = performance.now()
  expect((await ask()).statusCode).toBe(200)
  expect(performance.now() - startedMs).toBeGreaterThan(900)
  expect(bodies).toEqual(['{"same":1}', '{"same":1}'])
})

test.each(['61', '0', 'soon', ''])('gives the 429 where it says Retry-After: "%s"', async (seconds) => {
  const { bodies, ask } = await serving((_, response) => later(response, seconds))
  expect((await ask()).statusCode).toBe(429)
  expect(bodies).toHaveLength(1)
})

test('any other refusal is an answer', async () => {
  const { bodies, ask } = await serving((_, response) => response.writeHead(503, { 'retry-after': '1' }).end('{}'))
  expect((await ask()).statusCode).toBe(503)
  expect(bodies).toHaveLength(1)
})

test('the waiting ends when the command is stopped', async () => {
  const stop = new AbortController()
  const { ask } = await serving((_, response) => later(response, '30'))
  const asking = ask(stop.signal)
  setTimeout(() => stop.abort(), 50)
  await expect(asking).rejects.toThrow(/abort/i)
})
