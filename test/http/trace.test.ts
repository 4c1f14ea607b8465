import { describe, expect, test } from 'vitest'
import { traceIdOf } from '../../src/http/trace.ts'
import { startBridge } from './bridge.ts'
import { json, open, posted, send } from './raw-http.ts'

const newId = () => 'new'
const parent = '0af7651916cd43dd8448eb211c80319c'

test.each([
  { name: 'nothing', headers: {}, id: 'new' },
  { name: 'an id of its own', headers: { 'x-trace-id': 'abc-1.2:3_4' }, id: 'abc-1.2:3_4' },
  { name: 'an id of 64 characters', headers: { 'x-trace-id': 'a'.repeat(64) }, id: 'a'.repeat(64) },
  { name: 'an id of 65 characters', headers: { 'x-trace-id': 'a'.repeat(65) }, id: 'new' },
  { name: 'an empty id', headers: { 'x-trace-id': '' }, id: 'new' },
  { name: 'an id with a blank', headers: { 'x-trace-id': 'a b' }, id: 'new' },
  { name: 'an id with a line break', headers: { 'x-trace-id': 'a\nb' }, id: 'new' },
  { name: 'two ids', headers: { 'x-trace-id': 'a, b' }, id: 'new' },
  { name: 'a traceparent', headers: { traceparent: `00-${parent}-b7ad6b7169203331-01` }, id: parent },
  { name: 'a later version', headers: { traceparent: `cc-${parent}-b7ad6b7169203331-01-more` }, id: parent },
  { name: 'version ff', headers: { traceparent: `ff-${parent}-b7ad6b7169203331-01` }, id: 'new' },
  { name: 'capitals', headers: { traceparent: `00-${parent.toUpperCase()}-b7ad6b7169203331-01` }, id: 'new' },
  { name: 'no trace', headers: { traceparent: `00-${'0'.repeat(32)}-b7ad6b7169203331-01` }, id: 'new' },
  { name: 'no parent', headers: { traceparent: `00-${parent}-${'0'.repeat(16)}-01` }, id: 'new' },
  { name: 'garbage', headers: { traceparent: 'zz-not-a-trace' }, id: 'new' },
  { name: 'both', headers: { 'x-trace-id': 'mine', traceparent: `00-${parent}-b7ad6b7169203331-01` }, id: 'mine' },
])('$name gives $id', ({ headers, id }) => {
  expect(traceIdOf(headers, newId)).toBe(id)
})

describe('every answer carries the id', () => {
  const headers = { 'x-trace-id': 'trace-7' }
  test.each([
    { name: 'a result', request: posted('/otto/tool', { tool: 'ttt_create_game' }, headers) },
    { name: 'a refusal', request: posted('/otto/tool', { tool: 'no' }, headers) },
    { name: 'an unread body', request: { ...posted('/otto/tool', {}, headers), body: '{' } },
    { name: 'an unknown path', request: { path: '/nothing', headers } },
    { name: 'a path that cannot be read', request: { path: '/%zz', headers } },
    { name: 'a flat result', request: posted('/otto/tools/ttt_create_game', {}, headers) },
    { name: 'health', request: { path: '/health', headers } },
  ])('$name', async ({ request }) => {
    await using bridge = await startBridge()
    const answer = await send(bridge.port, request)
    expect(answer.headers.get('x-trace-id')).toBe('trace-7')
    if (answer.status >= 400) expect(json(answer).traceId).toBe('trace-7')
  })

  test('what is not HTTP gets a new one', async () => {
    await using bridge = await startBridge({ newId })
    const answer = await open(bridge.port, Buffer.from('HELLO\r\n\r\n')).answer
    expect([answer.headers.get('x-trace-id'), json(answer).traceId]).toEqual(['new', 'new'])
  })
})

test('the id reaches the tool call and every line of the log', async () => {
  await using bridge = await startBridge()
  await send(bridge.port, posted('/otto/tool', { tool: 'ttt_create_game' }, { 'x-trace-id': 'trace-8' }))
  const lines = bridge.logged.filter(({ traceId }) => traceId === 'trace-8')
  expect(lines.map(({ msg }) => msg).sort()).toEqual(['request', 'tool call'])
})
