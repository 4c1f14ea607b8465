import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import type { ObservedRequest } from '../../src/core/observe.ts'
import { startBridge } from './bridge.ts'

const agent = new Agent({ keepAliveTimeout: 1_000 })

const get = async (port: number, path: string, method: 'GET' | 'POST' | 'PUT' = 'GET') => {
  const { statusCode, headers, body } = await request(`http://127.0.0.1:${port}${path}`, { method, dispatcher: agent })
  return { status: statusCode, type: headers['content-type'], text: await body.text() }
}

const watched = () => {
  const seen: ObservedRequest[] = []
  const metrics = {
    requests: (one: ObservedRequest) => void seen.push(one),
    expose: async () => ({ contentType: 'text/plain; version=0.0.4; charset=utf-8', text: 'otto_games_open 3\n' }),
  }
  return { seen, metrics }
}

test('serves the text of the metrics under its own content type', async () => {
  const { metrics } = watched()
  await using bridge = await startBridge({ metrics })
  const answer = await get(bridge.port, '/metrics')
  expect(answer).toEqual({
    status: 200,
    type: 'text/plain; version=0.0.4; charset=utf-8',
    text: 'otto_games_open 3\n',
  })
})

test('without metrics there is no such route', async () => {
  await using bridge = await startBridge()
  expect((await get(bridge.port, '/metrics')).status).toBe(404)
})

test('tells of each request its route pattern, never the path', async () => {
  const { seen, metrics } = watched()
  const id = crypto.randomUUID()
  {
    await using bridge = await startBridge({ metrics })
    await get(bridge.port, `/otto/games/${id}/state`)
    await get(bridge.port, `/nothing/${id}`)
    await get(bridge.port, '/wallets', 'PUT')
    await get(bridge.port, '/otto/tools')
  } // the last answer's end is told before the server has closed
  expect(seen.map(({ method, route, status }) => [method, route, status])).toEqual([
    ['GET', '/otto/games/:id/state', 404],
    ['GET', undefined, 404],
    ['PUT', undefined, 405],
    ['GET', '/otto/tools', 200],
  ])
  expect(JSON.stringify(seen)).not.toContain(id)
  for (const { seconds } of seen) expect(seconds).toBeGreaterThan(0)
})
