import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { BadInput } from './bad-input.ts'
import { bridgeInputs, checkBadInput } from './bad-input.ts'
import type { Bridge } from './bridge.ts'
import { createBoards, startBridge } from './bridge.ts'
import type { Door } from './ollama/door.ts'
import { openDoor } from './ollama/door.ts'

// What the doors themselves decide; what the tools decide is checked on the whole service.
const categories = [
  'json-syntax',
  'json-encoding',
  'top-level',
  'envelope',
  'unknown-tool',
  'duplicate-key',
  'prototype',
  'depth',
  'size',
  'surrogate',
  'content-type',
  'origin-host',
  'idempotency-key',
  'harmless-header',
  'route',
  'wire',
]
const inputs = bridgeInputs.filter(({ category }) => categories.includes(category))

describe('hostile input', () => {
  const boards = createBoards()
  let bridge: Bridge
  beforeAll(async () => {
    bridge = await startBridge({ tools: boards.tools })
  })
  afterAll(() => bridge[Symbol.asyncDispose]())

  const check = (input: BadInput) => {
    const gameId = boards.create()
    return checkBadInput(input, { port: bridge.port, gameId, readGame: async () => boards.read(gameId) })
  }

  test('has inputs of every category', () => {
    expect([...new Set(inputs.map(({ category }) => category))].sort()).toEqual([...categories].sort())
  })

  test.each(inputs)('$id', check)

  const good = {
    id: 'good',
    category: 'good',
    target: 'bridge',
    method: 'POST',
    path: '/otto/tool',
    headers: { 'content-type': 'application/json' },
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the vectors' own notation
    body: { tool: 'ttt_make_move', args: { gameId: '${game}', player: 'X', cell: 4 } },
    expect: { status: [200], envelope: 'tool', effect: 'any', success: true },
  } as const

  test('a good request passes the same check', () => check(good))

  test.each([
    { name: 'a change of the game', input: { ...good, expect: { ...good.expect, effect: 'none' } } },
    { name: 'another status', input: { ...good, expect: { ...good.expect, status: ['4xx'] } } },
    { name: 'another envelope', input: { ...good, expect: { ...good.expect, envelope: 'problem' } } },
    { name: 'a failure', input: { ...good, body: { tool: 'no_such_tool' } } },
    { name: 'another code', input: { ...good, body: {}, expect: { ...good.expect, status: [400], code: ['X'] } } },
    {
      name: 'a close',
      input: { ...good, wire: 'x' as const, halfClose: true, expect: { ...good.expect, status: [599] } },
    },
  ] as { name: string; input: BadInput }[])('the check notices $name', async ({ input }) => {
    await expect(check(input)).rejects.toThrow()
  })
})

describe('hostile input of a chat', () => {
  let door: Door
  beforeAll(async () => {
    door = await openDoor()
  })
  afterAll(() => door[Symbol.asyncDispose]())

  const check = (input: BadInput) =>
    checkBadInput(input, { port: door.port, gameId: 'a-game', readGame: async () => [] })

  test.each(bridgeInputs.filter(({ category }) => ['generate', 'chat'].includes(category)))('$id', check)

  test('the check notices another envelope', async () => {
    const input: BadInput = {
      id: 'good',
      category: 'chat',
      target: 'bridge',
      method: 'POST',
      path: '/generate',
      headers: { 'content-type': 'application/json' },
      body: { prompt: 'hi', stream: false },
      expect: { status: [200], envelope: 'ollama', effect: 'none' },
    }
    await expect(check(input)).rejects.toThrow()
  })
})
