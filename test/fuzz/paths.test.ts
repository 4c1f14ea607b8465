import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Form, FuzzedService } from './_doors.ts'
import { startFuzzed } from './_doors.ts'

let service: FuzzedService
beforeAll(async () => {
  service = await startFuzzed()
})
afterAll(() => service.close())

const json = { 'content-type': 'application/json' }
const id = '00000000-0000-4000-8000-000000000000'

const segments = fc.oneof(
  fc.constantFrom(
    'otto',
    'tool',
    'tools',
    'games',
    'state',
    'approvals',
    'api',
    'v1',
    'models',
    'mcp',
    'health',
    'docs',
  ),
  fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '%2f',
    '%00',
    '%zz',
    '%',
    '%ff',
    '__proto__',
    'constructor',
    ':id',
    '*',
    '',
    '\u00e9',
  ),
  fc.constantFrom('wallets', 'playerX.p12', '.env', 'metrics', 'openapi.json', 'chat', 'completions', 'generate', id),
  fc.stringMatching(/^[!$&'()*+,;=:@~\w.-]{1,8}$/),
)
const queries = fc.oneof(
  fc.constant(''),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('limit', 'cursor', 'machineState', 'status', '__proto__', 'limit[]', 'x', ''),
        fc.constantFrom(
          '',
          '0',
          '1',
          '50',
          '101',
          '-1',
          '1e2',
          '%00',
          'playing',
          'InProgress',
          'eyJ',
          '%zz',
          'a'.repeat(300),
        ),
      ),
      { maxLength: 3 },
    )
    .map((pairs) => `?${pairs.map(([name, value]) => `${name}=${value}`).join('&')}`),
)
const formOf = (path: string): Form => {
  const plain = path.split('?')[0] ?? ''
  if (plain.startsWith('/v1/')) return 'openai'
  if (plain.startsWith('/api/') || plain === '/generate') return 'ollama'
  if (plain === '/mcp') return 'rpc'
  return plain.startsWith('/otto/tool') ? 'tool' : 'problem'
}

describe('paths and queries', () => {
  test('every path, method and query has a documented answer', async () => {
    const methods = fc.constantFrom(
      'GET',
      'GET',
      'GET',
      'POST',
      'PUT',
      'DELETE',
      'PATCH',
      'OPTIONS',
      'TRACE',
      'PROPFIND',
    )
    await fc.assert(
      fc.asyncProperty(methods, fc.array(segments, { maxLength: 5 }), queries, async (method, parts, query) => {
        const path = `/${parts.join('/')}${query}`
        await service.check({ method, path: Buffer.from(path).toString('latin1') }, formOf(path))
      }),
      { numRuns: 250 },
    )
  })

  test('every query of the list of games is taken or refused by name', async () => {
    await fc.assert(
      fc.asyncProperty(queries, async (query) => {
        const { status } = await service.check({ path: `/otto/games${query}` }, 'problem')
        expect([200, 400]).toContain(status)
      }),
      { numRuns: 60 },
    )
  })

  test('every game id is read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(segments, async (segment) => {
        fc.pre(!segment.includes('\u00e9'))
        const { status } = await service.check({ path: `/otto/games/${segment}/state` }, 'problem')
        expect([400, 404]).toContain(status)
      }),
      { numRuns: 60 },
    )
  })
})

test('headers of any value are taken or refused', async () => {
  const names = fc.constantFrom(
    'idempotency-key',
    'prefer',
    'x-trace-id',
    'traceparent',
    'x-otto-tools',
    'x-openwebui-chat-id',
  )
  const value = fc.oneof(
    fc.constantFrom(
      '',
      ' ',
      'wait=0',
      'wait=99999',
      'respond-async, wait=1',
      '\x80',
      '"',
      'a'.repeat(200),
      '00-0-0-00',
      'off',
    ),
    fc.stringMatching(/^[\x20-\x7e]{0,40}$/),
  )
  await fc.assert(
    fc.asyncProperty(names, value, async (name, text) => {
      const body = JSON.stringify({ tool: 'ttt_get_state', args: { gameId: service.gameId } })
      await service.check({ method: 'POST', path: '/otto/tool', headers: { ...json, [name]: text }, body }, 'tool')
    }),
    { numRuns: 120 },
  )
})
