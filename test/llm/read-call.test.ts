import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import type { ModelTool } from '../../src/llm/language-model.ts'
import { readCall } from '../../src/llm/read-call.ts'

const toTool = (properties: JsonObject, more: JsonObject = {}): ModelTool => ({
  name: 'make_move',
  description: 'Places a mark.',
  parameters: { type: 'object', properties, required: ['gameId'], additionalProperties: false, ...more },
})

const tool = toTool({
  gameId: { type: 'string' },
  player: { type: 'string', enum: ['X', 'O'] },
  cell: { type: 'integer', minimum: 0, maximum: 8 },
  weight: { type: 'number' },
  dry: { type: 'boolean' },
  note: { anyOf: [{ type: 'string' }, { type: 'null' }] },
  count: { anyOf: [{ type: 'integer' }, { type: 'null' }] },
  either: { anyOf: [{ type: 'integer' }, { type: 'string' }] },
  listed: { type: ['integer', 'null'], enum: [1, 2, null] },
  twins: { enum: ['a', 'A', 'b'] },
})

const read = (args: JsonValue, tools = [tool]) => readCall({ name: 'make_move', arguments: args }, tools)
const argsOf = (args: JsonValue, tools = [tool]) => {
  const call = read(args, tools)
  return call.ok ? call.args : call.error
}

test.each([
  { name: 'an integer', args: { cell: '8' }, expected: { cell: 8 } },
  { name: 'a negative integer', args: { cell: '-1' }, expected: { cell: -1 } },
  { name: 'a fraction where fractions are', args: { weight: '0.5' }, expected: { weight: 0.5 } },
  { name: 'no fraction where integers are', args: { cell: '0.5' }, expected: { cell: '0.5' } },
  { name: 'no exponent', args: { weight: '1e3' }, expected: { weight: '1e3' } },
  { name: 'no NaN', args: { weight: 'NaN' }, expected: { weight: 'NaN' } },
  { name: 'no infinity', args: { weight: 'Infinity' }, expected: { weight: 'Infinity' } },
  { name: 'no rounding', args: { weight: '9007199254740993' }, expected: { weight: '9007199254740993' } },
  { name: 'no number from nothing', args: { cell: '' }, expected: { cell: '' } },
  { name: 'a boolean', args: { dry: 'true' }, expected: { dry: true } },
  { name: "Python's boolean", args: { dry: 'False' }, expected: { dry: false } },
  { name: 'no boolean from a word of the language', args: { dry: 'constructor' }, expected: { dry: 'constructor' } },
  { name: 'no boolean from a number', args: { dry: 1 }, expected: { dry: 1 } },
  { name: 'the case of a listed word', args: { player: 'o' }, expected: { player: 'O' } },
  { name: 'a listed word itself before its twin', args: { twins: 'a' }, expected: { twins: 'a' } },
  { name: 'the only word of that case', args: { twins: 'B' }, expected: { twins: 'b' } },
  { name: 'an integer that may be null', args: { count: '3' }, expected: { count: 3 } },
  { name: 'a listed integer', args: { listed: '2' }, expected: { listed: 2 } },
  { name: 'nothing where a text is as good', args: { either: '3' }, expected: { either: '3' } },
  { name: 'never a free text', args: { gameId: '42' }, expected: { gameId: '42' } },
  { name: 'never a text out of a number', args: { gameId: 42 }, expected: { gameId: 42 } },
  {
    name: 'keeps a null that the schema allows',
    args: { note: null, listed: null },
    expected: { note: null, listed: null },
  },
  { name: 'drops a null of an optional argument', args: { cell: null, gameId: 'g' }, expected: { gameId: 'g' } },
  { name: 'keeps a null of a required one', args: { gameId: null }, expected: { gameId: null } },
])('coerces $name', ({ args, expected }) => {
  expect(argsOf(args)).toEqual(expected)
})

test('takes a wrapper off only where no argument is called so', () => {
  const own = toTool({ arguments: { type: 'object' } })
  expect(argsOf({ arguments: { gameId: 'g' } })).toEqual({ gameId: 'g' })
  expect(argsOf({ arguments: { gameId: 'g' } }, [own])).toEqual({ arguments: { gameId: 'g' } })
})

test('reads a schema written out only where every property has a value, and no argument is called so', () => {
  const own = toTool({ type: { type: 'string' }, properties: { type: 'object' } })
  const echo = { type: 'object', properties: { gameId: { value: 'g' }, cell: 4 } }
  expect(argsOf(echo)).toEqual({ gameId: 'g', cell: 4 })
  expect(argsOf(echo, [own])).toEqual(echo)
  expect(argsOf({ properties: { gameId: { type: 'string' } } })).toBe('The arguments are a schema, not values.')
})

test('parses a text once, not twice', () => {
  const once = JSON.stringify({ gameId: 'g' })
  expect(argsOf(once)).toEqual({ gameId: 'g' })
  expect(argsOf(JSON.stringify(once))).toBe('The arguments are not one complete JSON object.')
  expect(argsOf({ arguments: once })).toEqual({ gameId: 'g' })
})

test('takes any argument where the schema says so, and where it says nothing', () => {
  const open = toTool({ gameId: { type: 'string' } }, { additionalProperties: true })
  const free: ModelTool = { name: 'make_move', description: '', parameters: { type: 'object' } }
  expect(argsOf({ colour: 'red' }, [open])).toEqual({ colour: 'red' })
  expect(argsOf({ colour: 'red' }, [free])).toEqual({ colour: 'red' })
})

test.each(['fs_read', 'fs-read', 'FS.Read', 'functions.fs_read'])('%s is fs.read, and no other tool', (name) => {
  const tools = ['fs.read', 'fs.read_all'].map((one): ModelTool => ({ name: one, description: '', parameters: {} }))
  expect(readCall({ name, arguments: {} }, tools)).toMatchObject({ ok: true, name: 'fs.read', repairs: ['name'] })
})

test('two tools that fold alike are told apart by their exact names alone', () => {
  const tools = ['fs.read', 'fs_read'].map((one): ModelTool => ({ name: one, description: '', parameters: {} }))
  expect(readCall({ name: 'fs_read', arguments: {} }, tools)).toMatchObject({ ok: true, name: 'fs_read' })
  expect(readCall({ name: 'fs-read', arguments: {} }, tools)).toMatchObject({ ok: false, kind: 'unknown_tool' })
})

test('tells of every repair once', () => {
  const call = readCall({ name: 'functions.MakeMove', arguments: "{'game_id': 'g', 'cell': '4'}" }, [tool])
  expect(call).toEqual({
    ok: true,
    name: 'make_move',
    args: { gameId: 'g', cell: 4 },
    repairs: ['name', 'arguments', 'json'],
  })
})

test('a refusal says what was wrong and what to write instead', () => {
  const small = toTool({
    gameId: { type: 'string' },
    player: { enum: ['X', 'O'] },
    cell: { type: 'integer', minimum: 0, maximum: 8 },
  })
  expect(read({ row: 1 }, [small])).toEqual({
    ok: false,
    kind: 'invalid_arguments',
    name: 'make_move',
    error: 'There is no argument "row". Expected: gameId, player, cell.',
    hint: 'Call make_move with one JSON object. Its arguments: gameId (string), player ("X" or "O", optional), cell (integer 0–8, optional).',
  })
  expect(readCall({ name: 'move', arguments: {} }, [small])).toEqual({
    ok: false,
    kind: 'unknown_tool',
    name: 'move',
    error: 'There is no tool named "move".',
    hint: 'Use one of: make_move.',
  })
})

test('a tool without arguments and a service without tools say so', () => {
  expect(read({ a: 1 }, [toTool({})])).toMatchObject({
    error: 'There is no argument "a". It takes none.',
    hint: expect.stringContaining('none'),
  })
  expect(readCall({ name: 'x', arguments: {} }, [])).toMatchObject({ hint: 'There are no tools; answer in words.' })
})

test('of two tools whose names fold alike only the exact name is one', () => {
  const tools = [tool, { ...tool, name: 'make-move' }]
  expect(readCall({ name: 'make-move', arguments: {} }, tools)).toMatchObject({ ok: true, name: 'make-move' })
  expect(readCall({ name: 'makeMove', arguments: {} }, tools)).toMatchObject({ ok: false, kind: 'unknown_tool' })
})

test.each(['{"__proto__":{"cell":1}}', '{"gameId":{"constructor":1}}', '{"gameId":[{"prototype":1}]}'])(
  'refuses the member names of %s, native as in text',
  (text) => {
    const native: JsonValue = JSON.parse(text)
    expect(read(native)).toMatchObject({ ok: false, kind: 'invalid_arguments' })
    expect(read(text)).toMatchObject({ ok: false, kind: 'invalid_arguments' })
    expect(({} as { cell?: number }).cell).toBeUndefined()
  },
)

test('a very deep value is refused, not walked', () => {
  const deep: JsonValue = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
  expect(read({ gameId: deep })).toMatchObject({ ok: false, kind: 'invalid_arguments' })
})

describe('laws', () => {
  const value = fc.jsonValue({ maxDepth: 2 }) as fc.Arbitrary<JsonValue>
  const key = fc.oneof(
    fc.constantFrom('gameId', 'game_id', 'Cell', 'player', 'dry', 'arguments', 'properties'),
    fc.string(),
  )
  const fold = (name: string) => name.toLowerCase().replace(/[_-]/g, '')
  const keysIn = (json: JsonValue): string[] =>
    typeof json !== 'object' || json === null
      ? []
      : Object.entries(json).flatMap(([name, one]: [string, JsonValue]) => [fold(name), ...keysIn(one)])

  test('no argument is invented, and all are the tool’s', () => {
    fc.assert(
      fc.property(fc.dictionary(key, value), (args) => {
        const call = read(args)
        if (!call.ok) return
        for (const name of Object.keys(call.args)) {
          expect(keysIn(args)).toContain(fold(name))
          expect(Object.keys(tool.parameters['properties'] ?? {})).toContain(name)
        }
      }),
      { numRuns: 1000 },
    )
  })

  test('arguments that have their form are left as they are', () => {
    const good = fc.record({
      gameId: fc.string(),
      cell: fc.integer(),
      dry: fc.boolean(),
      player: fc.constantFrom('X', 'O'),
    })
    fc.assert(
      fc.property(good, (args) => {
        expect(read(args)).toEqual({ ok: true, name: 'make_move', args, repairs: [] })
      }),
    )
  })

  test('reading twice changes nothing more', () => {
    const rough = fc.record({
      game_id: fc.string(),
      cell: fc.integer().map(String),
      dry: fc.constantFrom('True', 'false'),
    })
    fc.assert(
      fc.property(rough, (args) => {
        const once = argsOf(args)
        expect(read(once)).toEqual({ ok: true, name: 'make_move', args: once, repairs: [] })
      }),
    )
  })

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string(), value, (name, args) => {
        expect(typeof readCall({ name, arguments: args }, [tool]).ok).toBe('boolean')
        expect(typeof read(args).ok).toBe('boolean')
      }),
    )
  })
})
