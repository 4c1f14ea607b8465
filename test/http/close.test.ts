import { fastify } from 'fastify'
import { Agent, request } from 'undici'
import { afterAll, expect, test } from 'vitest'
import { closeWithin } from '../../src/http/close.ts'

const dispatcher = new Agent()
afterAll(() => dispatcher.close())

/** A server with one route that answers when it is told to. */
async function openServer() {
  const { promise, resolve } = Promise.withResolvers<string>()
  const arrived = Promise.withResolvers<void>()
  const server = fastify({ forceCloseConnections: 'idle' })
  server.get('/', () => {
    arrived.resolve()
    return promise
  })
  const url = await server.listen({ host: '127.0.0.1', port: 0 })
  const answer = request(url, { dispatcher }).then(({ body }) => body.text())
  await arrived.promise
  return { server, answer, finish: () => resolve('done') }
}

test('lets a running request finish', async () => {
  const { server, answer, finish } = await openServer()
  const closed = closeWithin(server, 10_000)
  finish()
  await expect(answer).resolves.toBe('done')
  await closed
})

test('cuts off what takes longer than it may', async () => {
  const { server, answer, finish } = await openServer()
  const cut = expect(answer).rejects.toThrow()
  await closeWithin(server, 50)
  await cut
  finish()
})
