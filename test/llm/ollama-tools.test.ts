import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../src/core/json.ts'
import { encodeTool, toolsText } from '../../src/llm/_model-tools.ts'
import { moveTool } from './_questions.ts'

/** The schema that a model is told. */
const told = (parameters: JsonObject): unknown => encodeTool({ ...moveTool, parameters })['function']

const property = (schema: JsonObject): JsonObject => ({ type: 'object', properties: { it: schema } })

describe('a tool as a model is told of it', () => {
  test.each<{ name: string; parameters: JsonObject; schema: JsonObject }>([
    { name: 'no arguments', parameters: {}, schema: { type: 'object', properties: {} } },
    {
      name: 'no properties',
      parameters: { type: 'object', additionalProperties: false },
      schema: { type: 'object', properties: {}, additionalProperties: false },
    },
    {
      name: 'a uuid without its pattern',
      parameters: property({ type: 'string', format: 'uuid', pattern: '^[0-9a-f-]{36}$', description: 'The id.' }),
      schema: property({ type: 'string', description: 'The id.' }),
    },
    {
      name: 'properties that are named like keywords',
      parameters: { type: 'object', properties: { format: { type: 'string' }, pattern: { type: 'string' } } },
      schema: { type: 'object', properties: { format: { type: 'string' }, pattern: { type: 'string' } } },
    },
    {
      name: 'the bounds of every integer',
      parameters: property({ type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER }),
      schema: property({ type: 'integer' }),
    },
    {
      name: 'sixteen values, one by one',
      parameters: property({ type: 'integer', minimum: -8, maximum: 7 }),
      schema: property({
        type: 'integer',
        minimum: -8,
        maximum: 7,
        description: 'From -8 to 7.',
        enum: [-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7],
      }),
    },
    {
      name: 'seventeen values in words',
      parameters: property({ type: 'integer', minimum: 0, maximum: 16, description: 'How many.' }),
      schema: property({ type: 'integer', minimum: 0, maximum: 16, description: 'How many. From 0 to 16.' }),
    },
    {
      name: 'numbers in words',
      parameters: property({ type: 'number', minimum: 0, maximum: 1 }),
      schema: property({ type: 'number', minimum: 0, maximum: 1, description: 'From 0 to 1.' }),
    },
    {
      name: 'what is listed already',
      parameters: property({ type: 'integer', minimum: 0, maximum: 8, enum: [0, 4, 8] }),
      schema: property({ type: 'integer', minimum: 0, maximum: 8, enum: [0, 4, 8], description: 'From 0 to 8.' }),
    },
    {
      name: 'const and oneOf',
      parameters: property({ oneOf: [{ const: 'X' }, { const: 'O' }] }),
      schema: property({ anyOf: [{ enum: ['X'] }, { enum: ['O'] }] }),
    },
    {
      name: 'lists',
      parameters: property({ type: 'array', items: { type: 'string', format: 'uri' } }),
      schema: property({ type: 'array', items: { type: 'string' } }),
    },
    {
      name: 'references, inlined',
      parameters: {
        $defs: { 'a/b': { type: 'string', enum: ['X', 'O'], description: 'A mark.' } },
        ...property({ $ref: '#/$defs/a~1b', description: 'Who moves.' }),
      },
      schema: property({ type: 'string', enum: ['X', 'O'], description: 'Who moves.' }),
    },
    {
      name: 'a reference to nowhere',
      parameters: property({ $ref: '#/$defs/none', description: 'Something.' }),
      schema: property({ description: 'Something.' }),
    },
    {
      name: 'a schema inside itself',
      parameters: { type: 'object', properties: { inner: { $ref: '#' } } },
      schema: { type: 'object', properties: { inner: { type: 'object', properties: { inner: {} } } } },
    },
  ])('$name', ({ parameters, schema }) => {
    expect(told(parameters)).toEqual({ name: moveTool.name, description: moveTool.description, parameters: schema })
  })

  test('references that fan out end', () => {
    const fan = Object.fromEntries(
      Array.from({ length: 30 }, (_, index) => {
        const next = { $ref: `#/$defs/d${index + 1}` }
        return [`d${index}`, { type: 'object', properties: { a: next, b: next, c: next } }]
      }),
    )
    const text = JSON.stringify(told({ $defs: fan, ...property({ $ref: '#/$defs/d0' }) }))
    expect(text.length).toBeLessThan(100_000)
  })
})

test('the text of a list is made once', () => {
  const tools = [moveTool]
  const text = toolsText(tools)
  expect(JSON.parse(text)).toMatchObject([{ type: 'function', function: { name: 'ttt_make_move' } }])
  tools.push(moveTool) // a list that never changes would not show it
  expect(toolsText(tools)).toBe(text)
  expect(toolsText([...tools])).not.toBe(text)
})
