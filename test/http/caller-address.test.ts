import { describe, expect, test } from 'vitest'
import { createAddressOf } from '../../src/http/caller-address.ts'
import { createBoards, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

/** A request as far as it is looked at. */
const from = (remoteAddress: string, forwarded?: string) =>
  ({
    raw: { socket: { remoteAddress }, headers: forwarded === undefined ? {} : { 'x-forwarded-for': forwarded } },
  }) as unknown as Parameters<ReturnType<typeof createAddressOf>>[0]

describe('without a trusted proxy', () => {
  const addressOf = createAddressOf()

  test.each([
    { socket: '192.0.2.1', is: '192.0.2.1' },
    { socket: '::ffff:192.0.2.1', is: '192.0.2.1' },
    { socket: '2001:db8::1', is: '2001:db8::1' },
  ])('$socket is $is, whatever a header says', ({ socket, is }) => {
    expect(addressOf(from(socket, '203.0.113.9'))).toBe(is)
  })
})

describe('with trusted proxies', () => {
  const addressOf = createAddressOf(['10.0.0.0/8', '192.0.2.7', '2001:db8::/32'])

  test.each([
    { name: 'a stranger is not believed', socket: '203.0.113.1', told: '198.51.100.1', is: '203.0.113.1' },
    { name: 'a proxy is', socket: '10.1.2.3', told: '198.51.100.1', is: '198.51.100.1' },
    { name: 'a proxy in IPv6 clothes is', socket: '::ffff:10.1.2.3', told: '198.51.100.1', is: '198.51.100.1' },
    { name: 'an IPv6 proxy is', socket: '2001:db8::5', told: '2001:dead::1', is: '2001:dead::1' },
    { name: 'only the last word counts', socket: '10.1.2.3', told: '1.1.1.1, 198.51.100.1', is: '198.51.100.1' },
    { name: 'a chain of proxies', socket: '10.1.2.3', told: '1.1.1.1, 198.51.100.1, 192.0.2.7', is: '198.51.100.1' },
    { name: 'nothing but proxies', socket: '10.1.2.3', told: '10.9.9.9, 192.0.2.7', is: '10.9.9.9' },
    { name: 'words that are no address', socket: '10.1.2.3', told: 'unknown', is: '10.1.2.3' },
    { name: 'junk behind a proxy', socket: '10.1.2.3', told: '"x", 192.0.2.7', is: '192.0.2.7' },
    { name: 'no word', socket: '10.1.2.3', told: undefined, is: '10.1.2.3' },
    { name: 'an empty word', socket: '10.1.2.3', told: '', is: '10.1.2.3' },
  ])('$name', ({ socket, told, is }) => {
    expect(addressOf(from(socket, told))).toBe(is)
  })

  test('a long header is read to its end in no time, and not believed beyond 32 hops', () => {
    const told = `198.51.100.1, ${Array(500).fill('10.0.0.1').join(', ')}`
    expect(addressOf(from('10.1.2.3', told))).toBe('10.0.0.1')
  })
})

test('the caller of a tool is who a trusted proxy says', async () => {
  const principals: string[] = []
  const { tools } = createBoards()
  const watched = tools.map((tool) => ({
    ...tool,
    parse: (args: unknown) => {
      const call = tool.parse(args)
      return {
        ...call,
        run: (caller: Parameters<typeof call.run>[0]) => {
          principals.push(caller.principal)
          return call.run(caller)
        },
      }
    },
  }))
  const asked = posted('/otto/tool', { tool: 'ttt_create_game' }, { 'x-forwarded-for': '198.51.100.1' })
  await using believing = await startBridge({ tools: watched, trustedProxies: ['127.0.0.1'] })
  await using doubting = await startBridge({ tools: watched })
  expect(json(await send(believing.port, asked)).success).toBe(true)
  expect(json(await send(doubting.port, asked)).success).toBe(true)
  expect(principals).toEqual(['198.51.100.1', '127.0.0.1'])
})

test('who comes through a proxy is told no more of health than a stranger', async () => {
  await using bridge = await startBridge({ trustedProxies: ['127.0.0.1'] })
  const ask = async (headers: Record<string, string>) =>
    json(await send(bridge.port, { path: '/health', headers })).components.ledger
  expect(Object.keys(await ask({ 'x-forwarded-for': '198.51.100.1' }))).toEqual(['status'])
  expect(Object.keys(await ask({}))).toContain('latencyMs')
})
