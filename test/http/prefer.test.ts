import { expect, test } from 'vitest'
import { preferencesOf } from '../../src/http/prefer.ts'
import { createBoards, startBridge } from './bridge.ts'
import { legacy, post } from './mcp/raw.ts'
import { posted, send } from './raw-http.ts'

test.each([
  ['wait=10', 10_000],
  ['wait=0', 0],
  ['WAIT = "7"', 7_000],
  ['respond-async, wait=5', 5_000],
  ['wait=5; foo=bar', 5_000],
  ['wait=3, wait=9', 3_000],
])('Prefer: %s', (prefer, ms) => {
  expect(preferencesOf({ prefer }).waitMs).toBe(ms)
})

test.each([
  '',
  'wait',
  'wait=',
  'wait=-1',
  'wait=1.5',
  'wait=1e3',
  'wait=ten',
  'xwait=3',
  'wait=999999',
  'xrespond-async',
  'respond-asynchronously',
  'respond-async=no',
])('Prefer: %s says nothing', (prefer) => {
  expect(preferencesOf({ prefer })).toEqual({})
})

test('no header says nothing', () => {
  expect(preferencesOf({})).toEqual({})
})

test.each(['respond-async', 'RESPOND-ASYNC', 'wait=5, respond-async', 'respond-async; foo=bar', 'respond-async=""'])(
  'Prefer: %s takes an answer early',
  (prefer) => {
    expect(preferencesOf({ prefer }).respondAsync).toBe(true)
  },
)

test('the answer says what counted: only a write can be answered before it is done', async () => {
  const boards = createBoards()
  await using bridge = await startBridge({ tools: boards.tools })
  const gameId = boards.create()
  const applied = async (tool: string, args: object, prefer: string) =>
    (await send(bridge.port, posted('/otto/tool', { tool, args }, { prefer }))).headers.get('preference-applied')
  expect(await applied('ttt_create_game', {}, 'wait=7, respond-async')).toBe('respond-async, wait=7')
  expect(await applied('ttt_create_game', {}, 'respond-async')).toBe('respond-async')
  expect(await applied('ttt_get_state', { gameId }, 'wait=7, respond-async')).toBe('wait=7')
  expect(await applied('ttt_get_state', { gameId }, 'respond-async')).toBeUndefined()
  expect(await applied('ttt_create_game', {}, 'handling=lenient')).toBeUndefined()
  const read = { path: `/otto/games/${gameId}/state`, headers: { prefer: 'wait=3' } }
  expect((await send(bridge.port, read)).headers.get('preference-applied')).toBe('wait=3')
  const call = legacy('tools/call', { name: 'ttt_create_game', arguments: {} })
  const over = await post(bridge.port, call, { prefer: 'respond-async' })
  expect(over.headers['preference-applied']).toBe('respond-async')
})
