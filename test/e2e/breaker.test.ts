import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startScripted } from '../scripted/_scripted.ts'
import type { Behaviour } from './_bad-nodes.ts'
import { badBehaviours, openBadNode, works } from './_bad-nodes.ts'
import { metric, post } from './_chat.ts'
import { freePorts } from './_nodes.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** A service beside a ledger that works. */
let truth: Service
let good: { readonly l1: string; readonly l0: string }
beforeAll(async () => {
  truth = await startService({ OTTO_DEVNET_EXTENSIONS: 'off' })
  const { l1Port, l0Port } = truth.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'devnet ports')
  good = { l1: `http://127.0.0.1:${l1Port}`, l0: `http://127.0.0.1:${l0Port}` }
})
afterAll(() => truth.close())

/** Plays with the same wallets through the nodes given. */
const startBridge = (nodes: { l1: string; l0: string }, deadlineMs = 15_000) =>
  startService({
    OTTO_L1_URL: nodes.l1,
    OTTO_L0_URL: nodes.l0,
    OTTO_WALLET_DIR: join(truth.dir, 'wallets'),
    OTTO_TOOL_DEADLINE_MS: String(deadlineMs),
  })

/** Asks until the answer is as wanted: a breaker is open for seconds, and a probe of its own has to find the way. */
async function until<T>(ask: () => Promise<T>, isWanted: (answer: T) => boolean): Promise<T> {
  const endMs = performance.now() + 15_000
  for (;;) {
    const answer = await ask()
    if (isWanted(answer)) return answer
    if (performance.now() > endMs) throw new Error(`It stays ${JSON.stringify(answer)}.`)
    await sleep(100)
  }
}

const breakerGauge = (service: Service, upstream: string) =>
  metric(service, `otto_breaker_open{upstream="${upstream}"}`)

/** The refusal with its header, as a caller sees it. */
async function refusal({ url }: Service, tool: string, args: object) {
  const startMs = performance.now()
  const { statusCode, headers, body } = await request(`${url}/otto/tool`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ tool, args }),
    dispatcher: agent,
  })
  const json = (await body.json()) as { readonly [name: string]: unknown }
  return { status: statusCode, retryAfter: Number(headers['retry-after']), ms: performance.now() - startMs, body: json }
}

const circuitOpen = {
  status: 503,
  body: { success: false, code: 'CIRCUIT_OPEN', outcome: 'not_submitted', retryable: true },
}

test('a Data L1 that is away: writes are refused at once, reads go on, and it is found again', async () => {
  const { gameId } = await startedGame(truth)
  const move = { gameId, player: 'X', cell: 4 }
  const [port = 0] = await freePorts(1)
  const bridge = await startBridge({ ...good, l1: `http://127.0.0.1:${port}` })
  try {
    // The first write finds it out, long before its own deadline.
    expect(await refusal(bridge, 'ttt_make_move', move)).toMatchObject(circuitOpen)
    const second = await refusal(bridge, 'ttt_make_move', move)
    expect(second).toMatchObject(circuitOpen)
    expect(second.ms).toBeLessThan(1_500)
    expect(second.retryAfter).toBeGreaterThanOrEqual(1)
    expect(second.retryAfter).toBeLessThanOrEqual(30)
    expect((await bridge.result('ttt_get_state', { gameId })).moveCount).toBe(0)
    expect(await breakerGauge(bridge, 'l1')).toBe(1)
    expect(await breakerGauge(bridge, 'l0')).toBe(0)
    expect(await bridge.get('/health')).toMatchObject({
      status: 503,
      body: { components: { l1: { status: 'unhealthy' } } },
    })
    expect(await bridge.get('/health/ready')).toMatchObject({ status: 503, body: { status: 'not_ready' } })

    const node = await openBadNode(good.l1, () => works, port)
    try {
      // Whoever asks whether it is ready lets it find out.
      await until(
        () => bridge.get('/health/ready'),
        ({ status }) => status === 200,
      )
      expect(await bridge.result('ttt_make_move', move)).toMatchObject({ moveCount: 1 })
      expect((await truth.result('ttt_get_state', { gameId })).moveCount).toBe(1)
      expect(await breakerGauge(bridge, 'l1')).toBe(0)
      const told = bridge.logs
        .map((line) => JSON.parse(line))
        .filter(({ msg, upstream }) => msg === 'circuit breaker' && upstream === 'l1')
      expect(told).toMatchObject([
        { upstream: 'l1', state: 'open' },
        { upstream: 'l1', state: 'closed' },
      ])
    } finally {
      await node.close()
    }
  } finally {
    await bridge.close()
  }
}, 60_000)

test('a Data L1 that dies in the middle of a write: the write is never told as not sent', async () => {
  const { gameId } = await startedGame(truth)
  const move = { gameId, player: 'X', cell: 4 }
  const state: { takes: boolean } = { takes: true }
  // It takes the first message and says nothing; from then on it is dead.
  const dies: Behaviour = async (asked, response, forward) => {
    if (asked.method === 'POST' && state.takes) {
      state.takes = false
      await forward()
    }
    asked.socket.resetAndDestroy()
    response.destroy()
  }
  const node = await openBadNode(good.l1, () => dies)
  const bridge = await startBridge({ ...good, l1: node.url }, 5_000)
  try {
    const others = await Promise.all([1, 2].map(() => startedGame(truth)))
    const failed = Promise.all(others.map((other) => bridge.call('ttt_make_move', { ...move, gameId: other.gameId })))
    const { body } = await bridge.call('ttt_make_move', move)
    const said = [body, ...(await failed).map((answer) => answer.body)]
    // One of the three was taken, and is found on the L0.
    const counts = await Promise.all(
      [gameId, ...others.map((other) => other.gameId)].map(
        async (id) => (await truth.result('ttt_get_state', { gameId: id })).moveCount,
      ),
    )
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(1)
    for (const [index, answer] of said.entries()) {
      if (counts[index] === 1) expect(answer).toMatchObject({ success: true })
      else expect(answer).toMatchObject({ success: false, outcome: 'unknown' })
    }
  } finally {
    await bridge.close()
    await node.close()
  }
}, 60_000)

test('a metagraph L0 that is away: reads are refused at once with a time to come back, and it is found again', async () => {
  const { gameId } = await startedGame(truth)
  const state: { l0: Behaviour } = { l0: badBehaviours['resets'] ?? works }
  const node = await openBadNode(good.l0, () => state.l0)
  const bridge = await startBridge({ ...good, l0: node.url })
  try {
    const read = () => refusal(bridge, 'ttt_get_state', { gameId })
    const open = await until(read, ({ body }) => body['code'] === 'CIRCUIT_OPEN')
    expect(open).toMatchObject(circuitOpen)
    expect(open.retryAfter).toBeGreaterThanOrEqual(1)
    expect(await refusal(bridge, 'ttt_make_move', { gameId, player: 'X', cell: 4 })).toMatchObject(circuitOpen)
    const listed = await request(`${bridge.url}/otto/games`, { dispatcher: agent })
    expect(await listed.body.json()).toMatchObject({ code: 'CIRCUIT_OPEN', status: 503 })
    expect(Number(listed.headers['retry-after'])).toBeGreaterThanOrEqual(1)
    expect(await breakerGauge(bridge, 'l0')).toBe(1)
    state.l0 = works
    expect(await until(read, ({ status }) => status === 200)).toMatchObject({ body: { success: true } })
    expect(await breakerGauge(bridge, 'l0')).toBe(0)
  } finally {
    await bridge.close()
    await node.close()
  }
}, 60_000)

describe('a model server that is away', () => {
  /** In front of a scripted model; while it is away, whoever connects is cut off. */
  async function openModel() {
    const model = await startScripted()
    const state = { isAway: true, asked: 0 }
    const server = createServer(async (asked: IncomingMessage, response: ServerResponse) => {
      state.asked += 1
      if (state.isAway) return void asked.socket.destroy()
      let body = ''
      for await (const chunk of asked) body += chunk
      const { method = 'GET', url = '' } = asked
      const sent = method === 'POST' ? { method: 'POST' as const, body } : {}
      const answer = await request(model.url + url, { ...sent, dispatcher: agent })
      response.writeHead(answer.statusCode, { 'content-type': String(answer.headers['content-type']) })
      response.end(Buffer.from(await answer.body.arrayBuffer()))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return {
      state,
      url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
      async close() {
        server.closeAllConnections()
        server.close()
        await once(server, 'close')
        await model.close()
      },
    }
  }

  const chats = {
    '/api/chat': { messages: [{ role: 'user', content: 'Hello' }] },
    '/generate': { prompt: 'Hello' },
    '/v1/chat/completions': { messages: [{ role: 'user', content: 'Hello' }] },
  } as const

  test('is left alone: every door says so at once, the tools go on, and it is found again', async () => {
    const model = await openModel()
    const service = await startService({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
    const chat = (path: keyof typeof chats, stream: boolean) =>
      request(`${service.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'otto-scripted', stream, ...chats[path] }),
        dispatcher: agent,
      })
    try {
      await until(
        () => post(service, '/api/chat', { model: 'otto-scripted', stream: false, ...chats['/api/chat'] }),
        ({ status }) => status === 503,
      )
      const before = model.state.asked
      for (const path of ['/api/chat', '/generate', '/v1/chat/completions'] as const)
        for (const stream of [true, false]) {
          const { statusCode, headers, body } = await chat(path, stream)
          const text = await body.text()
          expect([path, statusCode, text]).toEqual([path, 503, expect.stringMatching(/circuit_open/i)])
          expect(text).toContain('The model server failed too often just now.')
          expect(text).not.toContain('Nothing was played')
          expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(1)
        }
      expect(await service.get('/api/tags')).toMatchObject({ status: 503, body: { code: 'CIRCUIT_OPEN' } })
      // Nobody but a probe reaches it, and there is one in two seconds at most.
      expect(model.state.asked - before).toBeLessThanOrEqual(2)
      expect((await startedGame(service, [['X', 4]])).moveCount).toBe(1)
      expect(await service.get('/health')).toMatchObject({
        status: 200,
        body: { status: 'degraded', components: { model: { status: 'degraded' } } },
      })
      expect((await service.get('/health/ready')).status).toBe(200)
      expect(await breakerGauge(service, 'model')).toBe(1)

      model.state.isAway = false
      const answered = await until(
        () => post(service, '/api/chat', { model: 'otto-scripted', stream: false, ...chats['/api/chat'] }),
        ({ status }) => status !== 503,
      )
      expect(answered.status).toBe(200)
      expect(await breakerGauge(service, 'model')).toBe(0)
    } finally {
      await service.close()
      await model.close()
    }
  }, 60_000)
})
