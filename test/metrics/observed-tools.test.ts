import { expect, test } from 'vitest'
import { silentLog } from '../../src/core/log.ts'
import type { ObservedCall } from '../../src/metrics/observed-tools.ts'
import { observeTools } from '../../src/metrics/observed-tools.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import { clock, createBoards } from '../http/bridge.ts'
import { memoryKeys } from '../records.ts'
import { toolThat } from '../tools/_bus-world.ts'

function observed() {
  const calls: ObservedCall[] = []
  const writes: number[] = []
  const observer = {
    onCall: (call: ObservedCall) => void calls.push(call),
    onWrites: (inFlight: number) => void writes.push(inFlight),
    onOpenGames: () => {},
  }
  const { tools } = createBoards()
  const catalog = createToolBus({ keys: memoryKeys(), tools, clock, deadlineMs: 1_000, log: silentLog })
  return { calls, writes, catalog, observed: observeTools({ catalog, clock, observer }) }
}

const context = { traceId: 'trace', principal: 'test', signal: new AbortController().signal }

test('the answers and the list are those of the catalogue itself', async () => {
  const { catalog, observed: watched } = observed()
  expect(watched.list()).toEqual(catalog.list())
  expect(await watched.call('ttt_create_game', {}, context)).toMatchObject({ success: true, traceId: 'trace' })
  expect(await watched.call('nothing', {}, context)).toMatchObject({ success: false, code: 'UNKNOWN_TOOL' })
})

test('a call is told by its tool, outcome and code; a name that no tool has is unknown', async () => {
  const { calls, observed: watched } = observed()
  await watched.call('ttt_create_game', {}, context)
  await watched.call('ttt_get_state', { gameId: crypto.randomUUID() }, context)
  await watched.call('__proto__', {}, context)
  expect(calls.map(({ tool, outcome, code }) => [tool, outcome, code])).toEqual([
    ['ttt_create_game', 'success', 'OK'],
    ['ttt_get_state', 'rejected', 'GAME_NOT_FOUND'],
    ['unknown', 'not_submitted', 'UNKNOWN_TOOL'],
  ])
})

test('writes under way are counted up and down again, reads are not', async () => {
  const { writes, observed: watched } = observed()
  await Promise.all([
    watched.call('ttt_create_game', {}, context),
    watched.call('ttt_create_game', { wrong: true }, context),
    watched.call('ttt_get_state', {}, context),
  ])
  expect(writes).toEqual([1, 2, 1, 0])
})

test('a tool that comes later is told by its own name, and its writes are counted', async () => {
  const { catalog, calls, writes, observed: watched } = observed()
  catalog.register(toolThat(async () => {}, { name: 'late', aliases: ['Late.Alias'], effect: 'write' }))
  await watched.call('Late.Alias', {}, context)
  expect(calls).toMatchObject([{ tool: 'late', code: 'OK' }])
  expect(writes).toEqual([1, 0])
})
