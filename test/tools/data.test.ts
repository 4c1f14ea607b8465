import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { json } from '../../src/tools/json.ts'
import { yaml } from '../../src/tools/yaml.ts'
import { callTool } from './_context.ts'

const document = { name: 'otto', tags: ['a', 'b'], deep: { on: true, off: null, count: 1.5 } }
const schema = {
  type: 'object',
  properties: { name: { type: 'string', pattern: '^[a-z]+$' }, count: { type: 'integer' } },
  required: ['name'],
}

describe.each([
  { tool: json, broken: '{"a":', invalid: '{"name":7,"count":"x"}' },
  { tool: yaml, broken: 'a: [1', invalid: 'name: 7\ncount: x\n' },
])('$tool.description.name', ({ tool, broken, invalid }) => {
  test('what is generated is parsed again', async () => {
    const { text } = await callTool(tool, { action: 'generate', value: document })
    expect(await callTool(tool, { action: 'parse', text })).toEqual({ value: document, valid: true })
    expect(await callTool(tool, { action: 'check', text })).toEqual({ valid: true })
  })

  test('law: any value is parsed as it was generated', async () => {
    const value = fc
      .jsonValue({ maxDepth: 4, noUnicodeString: false })
      .filter((one) => !JSON.stringify(one).includes('__proto__'))
    await fc.assert(
      fc.asyncProperty(value, async (generated) => {
        const plain = JSON.parse(JSON.stringify(generated))
        fc.pre(JSON.stringify(plain).isWellFormed() && isSafe(plain))
        const { text } = await callTool(tool, { action: 'generate', value: plain })
        expect((await callTool(tool, { action: 'parse', text }))['value']).toEqual(plain)
      }),
      { numRuns: 100 },
    )
  })

  test('a document that fits its schema', async () => {
    const { text } = await callTool(tool, { action: 'generate', value: { name: 'otto' }, schema })
    expect(await callTool(tool, { action: 'check', text, schema })).toEqual({ valid: true })
  })

  test('one that does not is refused, with each path', async () => {
    await expect(callTool(tool, { action: 'check', text: invalid, schema })).rejects.toMatchObject({
      code: 'SCHEMA_ERROR',
      details: {
        problems: [
          { path: '/name', problem: 'must be string' },
          { path: '/count', problem: 'must be integer' },
        ],
      },
    })
    await expect(callTool(tool, { action: 'generate', value: {}, schema })).rejects.toMatchObject({
      code: 'SCHEMA_ERROR',
    })
  })

  test.each([
    { name: 'a broken text', args: { action: 'parse', text: broken }, path: 'text' },
    { name: 'no text', args: { action: 'parse' }, path: 'text' },
    { name: 'no value', args: { action: 'generate' }, path: 'value' },
    { name: 'a schema that is none', args: { action: 'check', text: '1', schema: { type: 'text' } }, path: 'schema' },
    {
      name: 'a schema elsewhere',
      args: { action: 'check', text: '1', schema: { $ref: 'http://localhost/x' } },
      path: 'schema',
    },
    { name: 'an asynchronous schema', args: { action: 'check', text: '1', schema: { $async: true } }, path: 'schema' },
    { name: 'a schema without end', args: { action: 'check', text: '1', schema: { $ref: '#' } }, path: 'schema' },
    {
      name: 'a schema that tries every way',
      args: { action: 'check', text: '1', schema: everyWay(60) },
      path: 'schema',
    },
    {
      name: 'a text that nests too deep',
      args: { action: 'parse', text: '['.repeat(20_000) + ']'.repeat(20_000) },
      path: 'text',
    },
  ])('refuses $name', async ({ args, path }) => {
    await expect(callTool(tool, args)).rejects.toMatchObject({ code: 'INVALID_ARGUMENTS', details: { path } })
  })

  test('a pattern that takes exponential time elsewhere takes none', async () => {
    const hostile = { type: 'string', pattern: '^(a+)+$' }
    const text = JSON.stringify(`${'a'.repeat(5_000)}!`)
    await expect(callTool(tool, { action: 'check', text, schema: hostile })).rejects.toMatchObject({
      code: 'SCHEMA_ERROR',
    })
  })
})

/** Two ways at each of so many levels. */
function everyWay(levels: number) {
  const names = Array.from({ length: levels }, (_, level) => `l${level}`)
  const next = (level: number) => ({ $ref: `#/$defs/l${level}` })
  const $defs = Object.fromEntries(
    names.map((name, level) => [name, level + 1 === levels ? false : { anyOf: [next(level + 1), next(level + 1)] }]),
  )
  return { $defs, ...next(0) }
}

/** Numbers that a reader of JSON must round are refused. */
const isSafe = (value: unknown): boolean =>
  typeof value === 'number'
    ? Math.abs(value) <= Number.MAX_SAFE_INTEGER && !Object.is(value, -0)
    : typeof value !== 'object' || value === null || Object.values(value).every(isSafe)

describe('yaml refuses', () => {
  test.each([
    { name: 'a tag of its own', text: '!run rm' },
    { name: 'a tag of another language', text: '!!js/function "f"' },
    { name: 'an alias', text: 'a: &a 1\nb: *a' },
    { name: 'a merge', text: 'a: &a {b: 1}\nc:\n  <<: *a' },
    { name: 'a member named twice', text: 'a: 1\na: 2' },
    { name: 'two documents', text: 'a: 1\n---\nb: 2' },
    { name: 'what JSON cannot say', text: 'a: .inf' },
    { name: 'a key that is no text', text: '? [a]\n: 1' },
    { name: 'a name that is not allowed', text: '__proto__: 1' },
    {
      name: 'a bomb of aliases',
      text: `a: &a [x]\n${Array.from({ length: 12 }, (_, i) => `b${i}: &b${i} [*a, *a]`).join('\n')}`,
    },
  ])('$name', async ({ text }) => {
    await expect(callTool(yaml, { action: 'parse', text })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENTS',
      details: { path: 'text' },
    })
  })
})
