import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Scope } from '../../src/http/scopes.ts'
import { routeRules, ruleOf, scopes, toAccessTable } from '../../src/http/scopes.ts'
import type { ApiToken } from '../../src/http/tokens.ts'
import { ApprovalNeededError } from '../../src/tools/errors.ts'
import type { AllDoors } from './_all-doors.ts'
import { approval, requestTo, startAllDoors } from './_all-doors.ts'
import { accept, legacy, modern, post } from './mcp/raw.ts'
import { json, posted, send } from './raw-http.ts'

/** A token for each set of scopes that is tried. */
const tokenWith = (...some: readonly Scope[]): ApiToken => ({
  token: `token-with-${some.join('-') || 'nothing'}-0123456789abcdef`,
  scopes: new Set(some),
})
const single = new Map(scopes.map((scope) => [scope, tokenWith(scope)]))
const talker = tokenWith('chat', 'read')
const player = tokenWith('chat', 'read', 'play')
const tokens = [...single.values(), talker, player]

const showing = (token: ApiToken | undefined) => (token === undefined ? {} : { authorization: `Bearer ${token.token}` })
const holderOf = (scope: Scope) => showing(single.get(scope))

let doors: AllDoors
beforeAll(async () => {
  doors = await startAllDoors({ tokens })
})
afterAll(async () => {
  await doors[Symbol.asyncDispose]()
  await agent.close()
})

const isHeadOfGet = (route: string): boolean =>
  route.startsWith('HEAD ') && doors.routes.includes(`GET ${route.slice(5)}`)

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** Asks at a route. */
async function askAt(route: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const { method, path, body } = requestTo(route)
  const answer = await request(`http://127.0.0.1:${doors.port}${path}`, {
    method: method as 'GET',
    headers: { ...accept, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    dispatcher: agent,
  })
  return { status: answer.statusCode, text: await answer.body.text() }
}

describe('the table of routes', () => {
  test('has a row for every route of the server, and no other', () => {
    const served = [...new Set(doors.routes.filter((route) => !isHeadOfGet(route)))]
    expect(served.length).toBeGreaterThan(35)
    expect(served.toSorted()).toEqual(Object.keys(routeRules).toSorted())
  })

  test('is the one in docs/access.md', () => {
    const text = readFileSync(new URL('../../docs/access.md', import.meta.url), 'utf8')
    const [, table] = /^\| route \| scope \| counts as \|\n\| --- \| --- \| --- \|\n((?:\|.*\n)+)/m.exec(text) ?? []
    expect(table).toBe(toAccessTable())
  })

  test('asks the most of a route that it does not know', () => {
    expect(ruleOf('POST', '/otto/everything')).toEqual({ scope: 'admin', counts: 'read' })
    expect(ruleOf('HEAD', '/wallets')).toEqual(ruleOf('GET', '/wallets'))
  })
})

const withWords = Object.entries(routeRules).filter(([route]) => !route.startsWith('HEAD '))

describe.each(withWords)('%s', (route, { scope: needed }) => {
  const isOpen = needed === 'nothing'

  test.each(scopes)('with the scope %s alone', async (scope) => {
    const { status, text } = await askAt(route, holderOf(scope))
    expect(status).not.toBe(401)
    // Of the tools, requestTo calls one that writes.
    const isEnough = isOpen || scope === (needed === 'tool' ? 'play' : needed)
    // The document tells of all refusals.
    const isRefused = text.includes('The token does not have the scope') && !text.startsWith('{"openapi"')
    expect(isRefused).toBe(!isEnough)
  })

  test('without a token', async () => {
    expect((await askAt(route, {})).status === 401).toBe(!isOpen)
  })
})

describe('what is missing is said in the words of the door', () => {
  const hint = 'Use a token with the scope play; an operator gives it in OTTO_API_TOKENS_FILE.'

  test('a tool: in its envelope, and again the same under its key', async () => {
    const asked = posted('/otto/tool', { tool: 'ttt_create_game' }, { ...holderOf('read'), 'idempotency-key': 'k' })
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = await send(doors.port, asked)
      expect(refused.status).toBe(403)
      expect(json(refused)).toMatchObject({
        success: false,
        code: 'FORBIDDEN',
        outcome: 'not_submitted',
        retryable: false,
        details: { scope: 'play' },
        hint,
      })
    }
  })

  test('a tool that reads needs read, not play', async () => {
    const ask = (scope: Scope) =>
      send(doors.port, posted('/otto/tool', { tool: 'ttt_get_state', args: {} }, holderOf(scope)))
    expect(json(await ask('play'))).toMatchObject({ code: 'FORBIDDEN', details: { scope: 'read' } })
    expect(json(await ask('read')).code).toBe('INVALID_ARGUMENTS')
  })

  test('a route: as problem details', async () => {
    const refused = await send(doors.port, { path: '/wallets', headers: holderOf('play') })
    expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json\b/)
    expect(json(refused)).toMatchObject({ status: 403, code: 'FORBIDDEN', details: { scope: 'read' } })
  })

  test('MCP: in the result of the call; what calls no tool needs any token', async () => {
    const call = legacy('tools/call', { name: 'ttt_create_game', arguments: {} })
    const refused = await post(doors.port, call, holderOf('read'))
    expect(refused.messages[0].result.isError).toBe(true)
    expect(refused.messages[0].result.content[0].text).toContain('FORBIDDEN')
    for (const scope of scopes)
      expect((await post(doors.port, legacy('tools/list'), holderOf(scope))).messages[0].result.tools.length).toBe(4)
  })

  test('MCP: a game is read with read alone', async () => {
    const uri = `otto://games/${crypto.randomUUID()}`
    const ask = async (scope: Scope) =>
      (await post(doors.port, legacy('resources/read', { uri }), holderOf(scope))).messages[0].error
    expect((await ask('play')).data.code).toBe('FORBIDDEN')
    expect((await ask('read')).message).not.toContain('scope')
  })

  test('Ollama: error and code', async () => {
    const body = { model: 'm', messages: [] }
    const refused = await send(doors.port, posted('/api/chat', body, holderOf('play')))
    expect([refused.status, json(refused).code]).toEqual([403, 'FORBIDDEN'])
    expect(json(refused).error).toContain('scope chat')
  })

  test('OpenAI: a permission error', async () => {
    const refused = await send(doors.port, posted('/v1/chat/completions', { messages: [] }, holderOf('play')))
    expect([refused.status, json(refused).error.type]).toEqual([403, 'permission_error'])
  })
})

describe('the tools of a chat need what its caller has', () => {
  const ask = async (tool: string, token: ApiToken | undefined) => {
    const body = { model: 'm', messages: [{ role: 'user', content: tool }], stream: false }
    return json(await send(doors.port, posted('/api/chat', body, showing(token)))).message.content
  }

  test.each([
    { name: 'chat alone may not look', tool: 'ttt_get_state', token: single.get('chat'), says: 'FORBIDDEN' },
    { name: 'chat and read may', tool: 'ttt_get_state', token: talker, says: 'INVALID_ARGUMENTS' },
    { name: 'chat and read may not sign', tool: 'ttt_create_game', token: talker, says: 'FORBIDDEN' },
    { name: 'with play they may', tool: 'ttt_create_game', token: player, says: 'done' },
  ])('$name', async ({ tool, token, says }) => {
    expect(await ask(tool, token)).toBe(says)
  })
})

test('MCP: only who may decide is asked to agree to a write that waits', async () => {
  const decider = tokenWith('read', 'play', 'admin')
  const decided: string[] = []
  await using waiting = await startAllDoors({
    tokens: [player, decider],
    approvals: {
      list: async () => [],
      pendingOf: async () => [],
      decide: async (id) => {
        decided.push(id)
        return undefined
      },
      take: async () => {
        throw new ApprovalNeededError(approval)
      },
    },
  })
  const resultFor = async (token: ApiToken) => {
    const capabilities = { elicitation: { form: {} } }
    const asked = modern('tools/call', { name: 'ttt_create_game', arguments: {} }, { capabilities })
    return (await post(waiting.port, asked.body, { ...asked.headers, ...showing(token) })).messages[0].result
  }
  expect((await resultFor(decider)).resultType).toBe('input_required')
  const pointedOut = await resultFor(player)
  expect(pointedOut.isError).toBe(true)
  expect(pointedOut.content[0].text).toContain('/otto/approvals/')
  expect(decided).toEqual([])
})

test('HEAD asks what GET does', async () => {
  const ask = (path: string, scope?: Scope) => askAt(`HEAD ${path}`, scope === undefined ? {} : holderOf(scope))
  expect((await ask('/wallets')).status).toBe(401)
  expect((await ask('/wallets', 'play')).status).toBe(403)
  expect((await ask('/wallets', 'read')).status).toBe(200)
  expect((await ask('/health/live')).status).toBe(200)
  expect((await ask('/api/blobs/:digest')).status).toBe(401)
})

test('a path that is not served tells any token the same', async () => {
  for (const scope of scopes)
    expect((await send(doors.port, { path: '/nothing', headers: holderOf(scope) })).status).toBe(404)
})

test('readiness tells of its parts to who may read', async () => {
  const shown = async (scope: Scope) =>
    Object.keys(json(await send(doors.port, { path: '/health/ready', headers: holderOf(scope) })).components.ledger)
  expect(await shown('chat')).toEqual(['status'])
  expect(await shown('read')).toContain('latencyMs')
})

test('keys belong to the token: another one under the same key is another wish', async () => {
  const gameOf = async (token: ApiToken) => {
    const asked = posted('/otto/tool', { tool: 'ttt_create_game' }, { ...showing(token), 'idempotency-key': 'mine' })
    return json(await send(doors.port, asked)).result.gameId
  }
  const first = await gameOf(player)
  const playsAlone = single.get('play')
  if (playsAlone === undefined) throw new Error('No such token.')
  expect(await gameOf(playsAlone)).not.toBe(first)
})
