import { describe, expect, test } from 'vitest'
import { tokenPrincipal } from '../../src/http/authentication.ts'
import { clock, createBoards, partThatIs, startBridge } from './bridge.ts'
import { json, posted, send } from './raw-http.ts'

const token = 'correct-horse-battery-staple-0123456789'
const bearer = (text: string) => ({ authorization: `Bearer ${text}` })

/** A bridge with a token, on a clock that the test moves. */
const guarded = (more: Parameters<typeof startBridge>[0] = {}) => {
  const time = { ms: 0 }
  return { time, bridge: startBridge({ token, clock: { ...clock, monotonicMs: () => time.ms }, ...more }) }
}

describe('with a token', () => {
  test.each([
    '/otto/tools',
    '/otto/games',
    `/otto/games/${crypto.randomUUID()}/state`,
    '/wallets',
    '/health',
    '/openapi.json',
    '/docs',
    '/docs/static/index.css',
    '/nothing',
    '/otto/games/%zz/state',
  ])('%s wants it', async (path) => {
    await using bridge = await guarded().bridge
    const refused = await send(bridge.port, { path })
    expect([refused.status, json(refused).code, refused.headers.get('www-authenticate')]).toEqual([
      401,
      'UNAUTHENTICATED',
      'Bearer',
    ])
    expect((await send(bridge.port, { path, headers: bearer(token) })).status).not.toBe(401)
  })

  test.each([
    ['/otto/tool', { tool: 'ttt_create_game' }],
    ['/otto/tools/ttt_create_game', {}],
  ])('%s wants it before it reads anything, and refuses in its envelope', async (path, body) => {
    await using bridge = await guarded().bridge
    const refused = await send(bridge.port, posted(path, body))
    expect(refused.status).toBe(401)
    expect(json(refused)).toMatchObject({ success: false, code: 'UNAUTHENTICATED', outcome: 'not_submitted' })
    const answered = await send(bridge.port, posted(path, body, bearer(token)))
    expect(answered.status).toBe(200)
  })

  test.each([
    { name: 'another one', authorization: `Bearer ${token}x` },
    { name: 'its beginning', authorization: `Bearer ${token.slice(0, -1)}` },
    { name: 'another case', authorization: `Bearer ${token.toUpperCase()}` },
    { name: 'another scheme', authorization: `Basic ${token}` },
    { name: 'no scheme', authorization: token },
    { name: 'nothing behind the scheme', authorization: 'Bearer ' },
    { name: 'two of them', authorization: `Bearer ${token} ${token}` },
  ])('refuses $name', async ({ authorization }) => {
    await using bridge = await guarded().bridge
    const answer = await send(bridge.port, { path: '/wallets', headers: { authorization } })
    expect([answer.status, json(answer).code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(answer.body).not.toContain(token.slice(0, 8))
  })

  test('takes the scheme in any case', async () => {
    await using bridge = await guarded().bridge
    const answer = await send(bridge.port, { path: '/wallets', headers: { authorization: `bEARER  ${token}` } })
    expect(answer.status).toBe(200)
  })

  test('the probes want none, and tell more to whoever shows it', async () => {
    const health = async () =>
      ({ status: 'healthy', isReady: true, components: { l0: partThatIs('healthy') } }) as const
    await using bridge = await guarded({ health }).bridge
    expect((await send(bridge.port, { path: '/health/live' })).status).toBe(200)
    const stranger = await send(bridge.port, { path: '/health/ready' })
    expect(json(stranger)).toEqual({ status: 'ready', components: { l0: { status: 'healthy' } } })
    const friend = await send(bridge.port, { path: '/health/ready', headers: bearer(token) })
    expect(json(friend).components).toEqual({ l0: partThatIs('healthy') })
  })

  test('a browser may ask first without it: it never shows one then', async () => {
    const origin = 'https://page.example'
    await using bridge = await guarded({ access: { allowedHosts: [], allowedOrigins: [origin] } }).bridge
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    }
    const answer = await send(bridge.port, { method: 'OPTIONS', path: '/otto/tool', headers })
    expect(answer.status).toBe(204)
    expect(answer.headers.get('access-control-allow-headers')).toContain('authorization')
  })

  test('keys belong to the token, not to the address', async () => {
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
    await using bridge = await guarded({ tools: watched }).bridge
    await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }, bearer(token)))
    expect(principals).toEqual([tokenPrincipal(token)])
    expect(principals[0]).toMatch(/^token:[0-9a-f]{16}$/)
  })

  test('the document says so', async () => {
    await using bridge = await guarded().bridge
    expect(json(await send(bridge.port, { path: '/openapi.json', headers: bearer(token) })).security).toEqual([
      { bearer: [] },
    ])
    await using open = await startBridge()
    expect(json(await send(open.port, { path: '/openapi.json' })).security).toEqual([])
  })

  test('neither it nor a wrong one is ever logged', async () => {
    await using bridge = await guarded().bridge
    await send(bridge.port, { path: '/wallets', headers: bearer(token) })
    await send(bridge.port, { path: '/wallets', headers: bearer('a-wrong-one-that-somebody-typed') })
    const lines = JSON.stringify(bridge.logged)
    expect(lines).not.toContain(token)
    expect(lines).not.toContain('somebody-typed')
    expect(bridge.logged.filter(({ msg }) => msg === 'request')).toHaveLength(2)
  })
})

describe('wrong tokens', () => {
  const wrong = { path: '/wallets', headers: bearer('wrong') }

  test('ten within a minute close the door for a minute, to the right one too', async () => {
    const { time, bridge: starting } = guarded()
    await using bridge = await starting
    for (let attempt = 0; attempt < 10; attempt++) {
      expect((await send(bridge.port, wrong)).status).toBe(401)
      time.ms += 1_000
    }
    const refused = await send(bridge.port, wrong)
    expect([refused.status, json(refused).code]).toEqual([429, 'RATE_LIMITED'])
    expect(refused.headers.get('retry-after')).toBe('59')
    expect((await send(bridge.port, { path: '/wallets', headers: bearer(token) })).status).toBe(429)
    expect((await send(bridge.port, { path: '/health/ready' })).status).toBe(200)
    time.ms += 59_000
    expect((await send(bridge.port, { path: '/wallets', headers: bearer(token) })).status).toBe(200)
  })

  test('ten in more than a minute do not', async () => {
    const { time, bridge: starting } = guarded()
    await using bridge = await starting
    for (let attempt = 0; attempt < 25; attempt++) {
      expect((await send(bridge.port, wrong)).status).toBe(401)
      time.ms += 7_000
    }
  })

  test('shown to a probe count as well', async () => {
    await using bridge = await guarded().bridge
    for (let attempt = 0; attempt < 10; attempt++)
      expect((await send(bridge.port, { ...wrong, path: '/health/ready' })).status).toBe(200)
    expect((await send(bridge.port, wrong)).status).toBe(429)
  })

  test('no token at all is no attempt', async () => {
    await using bridge = await guarded().bridge
    for (let attempt = 0; attempt < 12; attempt++)
      expect((await send(bridge.port, { path: '/wallets' })).status).toBe(401)
    expect((await send(bridge.port, { path: '/wallets', headers: bearer(token) })).status).toBe(200)
  })
})

test('without a token of its own the service asks for none', async () => {
  await using bridge = await startBridge()
  expect((await send(bridge.port, { path: '/wallets', headers: bearer('anything') })).status).toBe(200)
})
