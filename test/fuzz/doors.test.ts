import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { mangles } from './_bytes.ts'
import type { Form, FuzzedService } from './_doors.ts'
import { startFuzzed } from './_doors.ts'

let service: FuzzedService
beforeAll(async () => {
  service = await startFuzzed()
})
afterAll(() => service.close())

const json = { 'content-type': 'application/json' }
const id = '00000000-0000-4000-8000-000000000000'
/** O, whose turn it is, is asked to play where X stands: no single change of a byte makes that a move of its own. */
const move = () => ({ gameId: service.gameId, player: 'O', cell: 4 })
const rpc = (method: string, params: object) => ({ jsonrpc: '2.0', id: 1, method, params })
const said = [{ role: 'user', content: 'Good morning.' }]

type Door = { readonly path: string; readonly form: Form; readonly bodies: () => readonly object[] }

const doors: readonly Door[] = [
  {
    path: '/otto/tool',
    form: 'tool',
    bodies: () => [
      { tool: 'ttt_make_move', args: move() },
      { tool: 'ttt_get_state', arguments: { gameId: service.gameId } },
      { tool: 'ttt_start_game', args: { gameId: service.gameId } },
    ],
  },
  { path: '/otto/tools/ttt_make_move', form: 'tool', bodies: () => [move()] },
  { path: '/otto/tools/ttt_get_state', form: 'tool', bodies: () => [{ gameId: service.gameId }] },
  { path: `/otto/approvals/${id}`, form: 'problem', bodies: () => [{ approve: true }, { approve: false }] },
  {
    path: '/generate',
    form: 'ollama',
    bodies: () => [
      { prompt: 'Good morning.', stream: false },
      { model: 'otto-scripted', prompt: '', options: {} },
    ],
  },
  {
    path: '/api/chat',
    form: 'ollama',
    bodies: () => [
      { model: 'otto-scripted', messages: said, stream: false },
      {
        messages: said,
        tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
        options: { num_ctx: 9 },
      },
    ],
  },
  {
    path: '/v1/chat/completions',
    form: 'openai',
    bodies: () => [
      { model: 'otto-scripted', messages: said },
      { model: 'otto-scripted', messages: said, stream: true, stream_options: { include_usage: true }, max_tokens: 9 },
    ],
  },
  {
    path: '/mcp',
    form: 'rpc',
    bodies: () => [
      rpc('tools/list', {}),
      rpc('tools/call', { name: 'ttt_make_move', arguments: move() }),
      rpc('initialize', { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } }),
      rpc('resources/read', { uri: 'otto://rules' }),
    ],
  },
]

const accept = { accept: 'application/json, text/event-stream' }
const words = [
  ...['"', '\\', '{', '}', '[', ']', ':', ',', 'null', 'true', '1e999', '-0', '9007199254740993', '\\ud800', '\u0000'],
  ...[
    '"__proto__":{},',
    '"constructor":{"prototype":{}},',
    '"stream":"yes",',
    '"model":"../../x",',
    '"args":[],',
    '\ufeff',
  ],
  ...['"tool":7,', '"id":null,', '"method":"tools/call",', '"params":[],', '"messages":null,', '"idempotencyKey":"x",'],
].map((word) => Buffer.from(word))
const invalidUtf8 = [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80]].map((bytes) => Uint8Array.from(bytes))
const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)

/** Bodies that were never good: any JSON, and what only looks like it. */
const strangers = fc.oneof(
  fc.json(),
  fc.json().map((text) => `{"tool":"ttt_make_move","args":${text}}`),
  fc.json().map((text) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${text}}`),
  fc.json().map((text) => `{"messages":[${text}],"prompt":${text}}`),
  fc.string(),
  fc.constantFrom('', ' ', 'null', '[]', '{}', '{}{}', nested(40), nested(30_000), '"x"', '7', '{"a":1,"a":1}'),
)

describe.each(doors)('POST $path', ({ path, form, bodies }) => {
  const headers = form === 'rpc' ? { ...json, ...accept } : json

  test('answers every damaged body by the table, and no game changes', async () => {
    const damaged = fc.tuple(fc.nat(3), mangles([...words, ...invalidUtf8], { most: 3 }))
    await fc.assert(
      fc.asyncProperty(damaged, async ([which, mangle]) => {
        const all = bodies()
        const body = mangle(Buffer.from(JSON.stringify(all[which % all.length])))
        await service.check({ method: 'POST', path, headers, body }, form)
      }),
      { numRuns: 80 },
    )
  })

  test('answers every strange body by the table', async () => {
    await fc.assert(
      fc.asyncProperty(strangers, async (body) => {
        await service.check({ method: 'POST', path, headers, body }, form)
      }),
      { numRuns: 40 },
    )
  })

  test.each([
    { name: 'no media type', headers: {}, status: 415 },
    { name: 'another media type', headers: { 'content-type': 'text/plain' }, status: 415 },
    { name: 'another charset', headers: { 'content-type': 'application/json; charset=utf-16' }, status: 415 },
    { name: 'a content coding', headers: { ...json, 'content-encoding': 'gzip' }, status: 415 },
    { name: 'a foreign origin', headers: { ...json, origin: 'https://evil.example' }, status: 403 },
    { name: 'the origin null', headers: { ...json, origin: 'null' }, status: 403 },
    { name: 'a foreign host', headers: { ...json, host: 'evil.example' }, status: 403 },
  ])('refuses $name', async ({ headers: odd, status }) => {
    const [body] = bodies()
    const wanted = { ...(form === 'rpc' ? accept : {}), ...odd }
    expect(
      (await service.check({ method: 'POST', path, headers: wanted, body: JSON.stringify(body) }, form)).status,
    ).toBe(status)
  })

  test.each([
    { name: 'a name twice', body: '{"a":1,"a":2}' },
    { name: 'a name twice in two spellings', body: '{"a":1,"\\u0061":2}' },
    { name: '__proto__', body: '{"__proto__":{"x":1}}' },
    { name: '33 levels', body: `{"a":${nested(32)}}` },
    { name: '30,000 levels', body: nested(30_000) },
    { name: 'a byte order mark', body: '\ufeff{}' },
    { name: 'half a pair', body: '{"a":"\\ud800"}' },
    { name: 'a byte that UTF-8 never has', body: Buffer.from('7b2261223a22ff227d', 'hex') },
    { name: 'two values', body: '{}{}' },
    { name: 'a comment', body: '{}//' },
    { name: 'a rounded number', body: '{"a":9007199254740993}' },
  ])('takes no JSON with $name', async ({ body }) => {
    const { status, body: told } = await service.check({ method: 'POST', path, headers, body }, form)
    expect(status).toBe(400)
    expect(told).toMatch(/INVALID_JSON/i)
  })
})
