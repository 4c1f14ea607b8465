import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import type { DevnetOptions } from '../../src/devnet/devnet.ts'
import { plainHash } from '../../src/signing/digest.ts'
import { add, alice, bob, createCounter, ottochain, sign, uuid } from './fixtures.ts'
import { ask, commit, post, startDevnet } from './kit.ts'

const prefix = '/data-application/v1/webhooks'

/** Somebody who is called. `next` resolves with the call after the ones it gave already. */
async function openReceiver(answer: RequestListener = (_, response) => response.end()) {
  const calls: { headers: Record<string, unknown>; body: string }[] = []
  let wake = () => {}
  const server = createServer(async (asked, response) => {
    let body = ''
    for await (const chunk of asked) body += chunk
    calls.push({ headers: asked.headers, body })
    answer(asked, response)
    wake()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  let given = 0
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    async next() {
      while (calls.length <= given) {
        const { promise, resolve } = Promise.withResolvers<void>()
        wake = resolve
        await promise
      }
      const call = calls[given++]
      return { ...call, notice: JSON.parse(call?.body ?? '') as JsonObject }
    },
  }
}

async function startNode(options: Partial<DevnetOptions> = {}) {
  const devnet = await startDevnet({ dialect: ottochain, webhooks: 'loopback', ...options })
  const { l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  const call = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await request(`http://127.0.0.1:${l0Port}${prefix}${path}`, { method, ...sent })
    const text = await answer.body.text()
    return { status: answer.statusCode, text, json: text === '' ? undefined : JSON.parse(text) }
  }
  const subscribe = (callbackUrl: string, secret: string | null = null) =>
    call('POST', '/subscribe', { callbackUrl, secret })
  return { devnet, call, subscribe }
}

test('a subscriber is told of each snapshot, signed under its secret', async () => {
  const { devnet, subscribe } = await startNode()
  const receiver = await openReceiver()
  const { status, json } = await subscribe(receiver.url, 'hush')
  expect(status).toBe(201)
  expect(json).toEqual({
    id: expect.stringMatching(/^sub_[0-9a-f]{8}$/),
    callbackUrl: receiver.url,
    createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
  })
  await commit(devnet, ottochain, createCounter(1, ottochain))
  const { notice, headers, body } = await receiver.next()
  expect(notice).toEqual({
    event: 'snapshot.finalized',
    ordinal: 1,
    hash: (await ask(devnet, 'l0', '/snapshots/1/hash')).json,
    timestamp: expect.stringMatching(/Z$/),
    metagraphId: expect.stringMatching(/^DAG/),
    stats: { updatesProcessed: 1, stateMachinesActive: 1, scriptsActive: 0 },
  })
  expect(headers?.['content-type']).toBe('application/json')
  expect(headers?.['x-ottochain-signature']).toBe(
    `sha256=${createHmac('sha256', 'hush')
      .update(body ?? '')
      .digest('hex')}`,
  )
})

test('a subscriber is told of each refusal: why, of whom, and by whom', async () => {
  const { devnet, subscribe } = await startNode()
  await commit(devnet, ottochain, createCounter(1, ottochain))
  const receiver = await openReceiver()
  await subscribe(receiver.url)
  const { envelope } = await commit(devnet, ottochain, add(1, 1, { target: 0 }), [bob])
  const { notice, headers } = await receiver.next()
  expect(headers).not.toHaveProperty('x-ottochain-signature')
  expect(notice).toEqual({
    event: 'transaction.rejected',
    ordinal: 2,
    timestamp: expect.any(String),
    metagraphId: expect.any(String),
    rejection: {
      updateType: 'TransitionStateMachine',
      fiberId: uuid(1),
      targetSequenceNumber: 0,
      errors: [{ code: 'NotSignedByOwner', message: expect.any(String) }],
      signers: [bob.id],
      updateHash: plainHash(`${JSON.stringify(envelope.value)}:${bob.id}`),
    },
  })
})

test('subscribers are listed without their secrets, and leave by their id', async () => {
  const { devnet, call, subscribe } = await startNode()
  const receiver = await openReceiver()
  const { json } = await subscribe(receiver.url, 'hush')
  const listed = await call('GET', '/subscribers')
  expect(listed.text).not.toContain('hush')
  expect(listed.json).toEqual({
    subscribers: [{ ...json, secret: '***', lastDeliveryAt: null, failCount: 0, active: true }],
  })
  expect(await call('DELETE', `/subscribe/${json.id}`)).toMatchObject({ status: 204, text: '' })
  expect(await call('DELETE', `/subscribe/${json.id}`)).toMatchObject({
    status: 404,
    json: { error: 'Subscriber not found' },
  })
  await commit(devnet, ottochain, createCounter(1, ottochain))
  await devnet.close()
  expect(receiver.calls).toEqual([])
})

test('five snapshots in a row that are not delivered switch a subscriber off; one that is begins the count anew', async () => {
  const answers = [500, 302, 200, 500, 500, 500, 500, 500]
  let at = 0
  const receiver = await openReceiver((_, response) => {
    response.writeHead(answers[at++] ?? 200, { location: '/elsewhere' }).end()
  })
  const { devnet, call, subscribe } = await startNode()
  await subscribe(receiver.url)
  const state = async () => (await call('GET', '/subscribers')).json.subscribers[0]
  for (const [index] of answers.entries()) {
    await commit(devnet, ottochain, createCounter(index + 1, ottochain))
    await receiver.next()
    await expect.poll(async () => (await state()).failCount).toBe([1, 2, 0, 1, 2, 3, 4, 5][index])
  }
  expect(await state()).toMatchObject({ active: false, lastDeliveryAt: expect.any(String) })
  await commit(devnet, ottochain, createCounter(99, ottochain))
  await devnet.close()
  expect(receiver.calls).toHaveLength(answers.length)
})

test('a subscriber that never answers keeps nobody waiting, closing included', async () => {
  const silent = await openReceiver(() => {})
  const quick = await openReceiver()
  const { devnet, subscribe } = await startNode()
  await subscribe(silent.url)
  await subscribe(quick.url)
  for (const number of [1, 2, 3]) await commit(devnet, ottochain, createCounter(number, ottochain))
  for (const ordinal of [1, 2, 3]) expect((await quick.next()).notice).toMatchObject({ ordinal })
  await devnet.close()
  expect(silent.calls).toHaveLength(1)
})

test('nothing is ever delivered unless that is switched on', async () => {
  const receiver = await openReceiver()
  const { devnet, subscribe } = await startNode({ webhooks: 'off' })
  expect((await subscribe(receiver.url)).status).toBe(201)
  await commit(devnet, ottochain, createCounter(1, ottochain))
  await post(devnet, (await sign(ottochain, add(1, 1, { target: 0 }), [alice])).envelope)
  await devnet.close()
  expect(receiver.calls).toEqual([])
})

test.each([
  { callbackUrl: 'http://127.0.0.1:1/', loopback: 201, any: 201 },
  { callbackUrl: 'https://localhost/hook', loopback: 201, any: 201 },
  { callbackUrl: 'http://[::1]:8080/', loopback: 201, any: 201 },
  { callbackUrl: 'http://169.254.169.254/latest/meta-data', loopback: 400, any: 201 },
  { callbackUrl: 'http://127.0.0.1.example.org/', loopback: 400, any: 201 },
  { callbackUrl: 'http://0.0.0.0/', loopback: 400, any: 201 },
  { callbackUrl: 'http://user:word@127.0.0.1/', loopback: 400, any: 400 },
  { callbackUrl: 'file:///etc/passwd', loopback: 400, any: 400 },
  { callbackUrl: 'ftp://127.0.0.1/', loopback: 400, any: 400 },
  { callbackUrl: 'not an address', loopback: 400, any: 400 },
  { callbackUrl: 7, loopback: 400, any: 400 },
])('$callbackUrl may be subscribed: $loopback on loopback, $any anywhere', async ({ callbackUrl, ...expected }) => {
  for (const webhooks of ['loopback', 'any'] as const) {
    const { call } = await startNode({ webhooks })
    expect((await call('POST', '/subscribe', { callbackUrl })).status).toBe(expected[webhooks])
  }
})

test('a workchain node knows no webhooks', async () => {
  const devnet = await startDevnet({ webhooks: 'loopback' })
  expect((await ask(devnet, 'l0', '/data-application/webhooks/subscribers')).status).toBe(404)
})
