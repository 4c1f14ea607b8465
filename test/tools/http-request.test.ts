import { expect, test } from 'vitest'
import { httpRequest } from '../../src/tools/http-request.ts'
import { openLoopbackNode } from '../chain/loopback-node.ts'
import { openSandbox } from '../sandbox/_sandbox.ts'
import { callTool } from './_context.ts'

const sandbox = () =>
  openSandbox('/nowhere', { rules: { allowHosts: ['127.0.0.1'], requestsPerMinute: 10 }, allowPrivate: true })

test('gets and posts', async () => {
  await using server = await openLoopbackNode((request, response) => {
    response.writeHead(201, { 'x-a': 'b' }).end(`was ${request.method}`)
  })
  expect(await callTool(httpRequest, { url: server.url }, { sandbox: sandbox() })).toMatchObject({
    status: 201,
    url: `${server.url}/`,
    headers: { 'x-a': 'b' },
    body: 'was GET',
    truncated: false,
  })
  await callTool(httpRequest, { method: 'POST', url: `${server.url}/p`, body: 'text' }, { sandbox: sandbox() })
  expect(server.received.at(-1)).toMatchObject({ method: 'POST', path: '/p', body: 'text' })
})

test('a body over 1 MiB is cut', async () => {
  await using server = await openLoopbackNode((_, response) => void response.end('x'.repeat(2_000_000)))
  const answer = await callTool(httpRequest, { url: server.url }, { sandbox: sandbox() })
  expect(answer).toMatchObject({ truncated: true, body: 'x'.repeat(1024 * 1024) })
})

test('waits ten seconds unless told', () => {
  expect(httpRequest.parse({ url: 'http://a/' }).args).toMatchObject({ method: 'GET', timeoutMs: 10_000 })
})

test.each([{ method: 'DELETE' }, { url: '' }, { timeoutMs: 0 }, { headers: { a: 1 } }])('refuses %j', (args) => {
  expect(() => httpRequest.parse({ url: 'http://a/', ...args })).toThrow(Object.keys(args)[0])
})

test('a host that is not on the list is refused', async () => {
  await expect(callTool(httpRequest, { url: 'http://example.org/' }, { sandbox: sandbox() })).rejects.toMatchObject({
    code: 'PERMISSION_DENIED',
    message: expect.stringContaining('example.org is not on the list'),
  })
})
