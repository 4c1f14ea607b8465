import { once } from 'node:events'
import { connect } from 'node:net'
import { Readable } from 'node:stream'
import { request } from 'undici'
import { expect, test } from 'vitest'
import { createCounter, sign, workchain } from './fixtures.ts'
import { ask, startDevnet } from './kit.ts'

async function l1Url(): Promise<string> {
  const devnet = await startDevnet()
  const { l1Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  return `http://127.0.0.1:${l1Port}`
}

test.each([
  { name: 'announced', body: () => Buffer.alloc(4 * 1024 * 1024 + 1, 0x20) },
  {
    name: 'sent in chunks',
    body: () => Readable.from(Array.from({ length: 5 }, () => Buffer.alloc(1024 * 1024, 0x20))),
  },
])('a body over 4 MiB is refused with 413: $name', async ({ body }) => {
  const answer = await request(`${await l1Url()}/data`, { method: 'POST', body: body() })
  expect(answer.statusCode).toBe(413)
  await answer.body.dump()
})

test('a body of 4 MiB is read', async () => {
  const answer = await request(`${await l1Url()}/data`, { method: 'POST', body: Buffer.alloc(4 * 1024 * 1024, 0x20) })
  expect(answer.statusCode).toBe(500)
  expect(await answer.body.json()).toMatchObject({ code: 1 })
})

test.each([
  { name: 'a duplicate member', body: '{"value":1,"value":2,"proofs":[]}', reason: /twice/ },
  { name: 'bytes that are not UTF-8', body: Buffer.from('{"value":"\xff"}', 'latin1'), reason: /UTF-8/ },
  { name: 'a member __proto__', body: '{"value":{"__proto__":{}},"proofs":[]}', reason: /not allowed/ },
  { name: 'more than 256 levels', body: `{"value":${'['.repeat(256)}${']'.repeat(256)}}`, reason: /deep/ },
  { name: 'nothing at all', body: '', reason: /not JSON/ },
])('$name is undecodable', async ({ body, reason }) => {
  const answer = await request(`${await l1Url()}/data`, { method: 'POST', body })
  expect(answer.statusCode).toBe(500)
  const { details } = (await answer.body.json()) as { details: { reason: string } }
  expect(details.reason).toMatch(reason)
})

test('a page may ask from anywhere', async () => {
  const answer = await request(`${await l1Url()}/data`, { method: 'OPTIONS' })
  expect(answer.statusCode).toBe(200)
  expect(answer.headers).toMatchObject({ 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' })
})

test.each(['/', '/nope', '/data/', '/data-application/%zz', '//data', '/DATA'])('%s is Not found', async (path) => {
  const answer = await request(`${await l1Url()}${path}`)
  expect(answer.statusCode).toBe(404)
  expect(answer.headers['content-type']).toMatch(/^text\/plain/)
  expect(await answer.body.text()).toBe('Not found')
})

test('a client that leaves in the middle of a body harms nobody', async () => {
  const devnet = await startDevnet()
  const { l1Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  const socket = connect(l1Port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write('POST /data HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{"value":')
  socket.destroy()
  await once(socket, 'close')
  const { hash, envelope } = await sign(workchain, createCounter(1, workchain))
  const answer = await request(`http://127.0.0.1:${l1Port}/data`, { method: 'POST', body: JSON.stringify(envelope) })
  expect(await answer.body.json()).toEqual({ hash, feeHash: null })
})

test('the same answer in process and over HTTP', async () => {
  const devnet = await startDevnet()
  const { l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  for (const path of ['/node/info', '/node/state', '/cluster/info', '/data-application/onchain', '/snapshots/latest']) {
    const answer = await request(`http://127.0.0.1:${l0Port}${path}`)
    const text = await answer.body.text()
    const inside = await ask(devnet, 'l0', path)
    expect([answer.statusCode, text]).toEqual([inside.status, inside.text ?? JSON.stringify(inside.json)])
  }
})
