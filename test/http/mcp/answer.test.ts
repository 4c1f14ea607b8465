import fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import type { Answerer } from '../../../src/http/mcp/answer.ts'
import { sendAnswer } from '../../../src/http/mcp/answer.ts'
import { open, post } from './raw.ts'

/** A server whose `/mcp` answers as it is told; heartbeats come every 20 ms. */
async function serve(answerer: Answerer) {
  const server = fastify()
  const gone = Promise.withResolvers<void>()
  const sent: Promise<unknown>[] = []
  server.post('/mcp', (_, reply) => {
    reply.raw.once('close', gone.resolve)
    const sending = sendAnswer(reply, answerer, { onBroken: () => ({ broken: true }), everyMs: 20 })
    sent.push(sending)
    return sending
  })
  const port = Number(new URL(await server.listen({ port: 0, host: '127.0.0.1' })).port)
  return { port, gone: gone.promise, sent: () => Promise.all(sent), [Symbol.asyncDispose]: () => server.close() }
}

describe('an answer', () => {
  test('that comes at once is JSON', async () => {
    await using service = await serve(async () => ({ n: 1 }))
    const answer = await post(service.port, {})
    expect([answer.headers['content-type'], answer.text]).toEqual(['application/json; charset=utf-8', '{"n":1}'])
  })

  test('that takes long is a stream with heartbeats, and each event is on the wire at once', async () => {
    const { promise, resolve } = Promise.withResolvers<{ n: number }>()
    await using service = await serve(() => promise)
    const chunks = (await open(service.port, {}))[Symbol.asyncIterator]()
    const next = async () => String((await chunks.next()).value)
    expect(await next()).toMatch(/^(?:: [a-z ]+\n\n)+$/)
    expect(await next()).toMatch(/^(?:: [a-z ]+\n\n)+$/)
    resolve({ n: 2 })
    const rest = [await next()]
    for (let chunk = await chunks.next(); !chunk.done; chunk = await chunks.next()) rest.push(String(chunk.value))
    expect(rest.join('').replaceAll(/^: .*\n\n/gm, '')).toBe('event: message\ndata: {"n":2}\n\n')
  })

  test('ends a stream of notifications, in their order', async () => {
    await using service = await serve(async (notify) => {
      notify({ step: 1 })
      await Promise.resolve()
      notify({ step: 2 })
      return { n: 3 }
    })
    expect((await post(service.port, {})).messages).toEqual([{ step: 1 }, { step: 2 }, { n: 3 }])
  })

  test('that breaks before anything was said is left to the error handler', async () => {
    await using service = await serve(() => Promise.reject(new Error('broken')))
    expect((await post(service.port, {})).status).toBe(500)
  })

  test('that breaks within a stream ends it in words', async () => {
    await using service = await serve(async (notify) => {
      notify({ step: 1 })
      throw new Error('broken')
    })
    const { status, messages } = await post(service.port, {})
    expect([status, messages]).toEqual([200, [{ step: 1 }, { broken: true }]])
  })

  test('of a caller who is gone is dropped, and ends all the same', async () => {
    const released = Promise.withResolvers<void>()
    await using service = await serve(async (notify) => {
      notify({ step: 1 })
      await released.promise
      notify({ step: 2 })
      return { n: 3 }
    })
    const body = await open(service.port, {})
    body.on('error', () => {}).destroy()
    await service.gone
    released.resolve()
    await expect(service.sent()).resolves.toBeDefined()
  })
})
