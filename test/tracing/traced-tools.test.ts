import { expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import { traceTools } from '../../src/tracing/traced-tools.ts'
import { clock, createBoards } from '../http/bridge.ts'
import { memoryKeys } from '../records.ts'
import { recordSpans } from './_recorded.ts'

function traced() {
  const { tools } = createBoards()
  const catalog = createToolBus({ keys: memoryKeys(), tools, clock, deadlineMs: 1_000, log: silentLog })
  const recorded = recordSpans()
  return { ...recorded, catalog, tools: traceTools(catalog, recorded.spans) }
}

const traceId = crypto.randomUUID()
const context = { traceId, principal: 'test', signal: new AbortController().signal }

test('the answers and the list are those of the catalogue itself', async () => {
  const { catalog, tools } = traced()
  expect(tools.list()).toEqual(catalog.list())
  expect(await tools.call('ttt_create_game', {}, context)).toMatchObject({ success: true, traceId })
  expect(await tools.call('nothing', {}, context)).toMatchObject({ success: false, code: 'UNKNOWN_TOOL' })
})

test('a call is a span with the words of its log line, and nothing that was asked', async () => {
  const { tools, told } = traced()
  const made = await tools.call('ttt_create_game', {}, context)
  const gameId = made.success ? made.result['gameId'] : undefined
  await tools.call('ttt_make_move', { gameId, player: 'X', cell: 4 }, context)
  await tools.call('ttt_make_move', { gameId, player: 'O', cell: 4 }, context)
  const move = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'ttt_make_move' }
  expect(told().slice(1)).toEqual([
    {
      name: 'tool ttt_make_move',
      parent: undefined,
      traceId: traceId.replaceAll('-', ''),
      failure: undefined,
      attributes: { ...move, 'otto.outcome': 'success', 'otto.code': 'OK', 'otto.game_id': gameId },
    },
    {
      name: 'tool ttt_make_move',
      parent: undefined,
      traceId: traceId.replaceAll('-', ''),
      failure: 'INVALID_MOVE',
      attributes: { ...move, 'otto.outcome': 'rejected', 'otto.code': 'INVALID_MOVE', 'error.type': 'INVALID_MOVE' },
    },
  ])
})

test('a repeated call says so', async () => {
  const { tools, told } = traced()
  const keyed = { ...context, idempotencyKey: 'once' }
  await tools.call('ttt_create_game', {}, keyed)
  await tools.call('ttt_create_game', {}, keyed)
  expect(told().map(({ attributes }) => attributes['otto.replayed'])).toEqual([undefined, true])
})

test.each(['made_up', '__proto__', 'a secret'])('a name that no tool has is not told: %s', async (name) => {
  const { tools, told } = traced()
  await tools.call(name, {}, context)
  expect(told()).toMatchObject([{ name: 'tool unknown', failure: 'UNKNOWN_TOOL' }])
  expect(JSON.stringify(told())).not.toContain(name)
})
