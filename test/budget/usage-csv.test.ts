import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { UsageRow } from '../../src/budget/usage.ts'
import { toCsv } from '../../src/budget/usage-csv.ts'
import { collect } from './_kit.ts'

const row: UsageRow = {
  id: 'id',
  atMs: Date.parse('2026-11-22T12:00:00Z'),
  kind: 'llm',
  agentId: 'otto',
  model: 'm',
  inputTokens: 1,
  outputTokens: 2,
  cachedTokens: 0,
  estimatedTokens: 9,
  nanoUsd: 1_234_567_891,
  ms: 5,
  bytes: 6,
  code: 'OK',
}

test('a head, and a line a row', async () => {
  const [head, line, ...more] = await collect(toCsv([row]))
  expect(head).toMatch(/^at,id,kind,agent,.*,usd,ms,bytes,code\r\n$/)
  expect(line).toBe('2026-11-22T12:00:00.000Z,id,llm,otto,,,,,,,,m,1,2,0,9,1.234567891,5,6,OK\r\n')
  expect(more).toEqual([])
})

test.each([
  { name: 'commas', model: 'a,b', field: '"a,b"' },
  { name: 'quotes', model: 'a"b', field: '"a""b"' },
  { name: 'line breaks', model: 'a\r\nb', field: '"a\r\nb"' },
  { name: 'a formula', model: '=cmd()', field: "'=cmd()" },
  { name: 'a formula in quotes', model: '@a,"b"', field: `"'@a,""b"""` },
])('$name', async ({ model, field }) => {
  const [, line] = await collect(toCsv([{ ...row, model }]))
  expect(line).toContain(`,,${field},1,2,`)
})

test('law: every text comes back as it was, but for the apostrophe before a formula', async () => {
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary' }), async (model) => {
      const [, line = ''] = await collect(toCsv([{ ...row, model }]))
      const fields = [...line.matchAll(/(?:"((?:[^"]|"")*)"|([^,"\r\n]*))(?:,|\r\n$)/g)]
      const field = (fields[11]?.[1]?.replaceAll('""', '"') ?? fields[11]?.[2]) || ''
      expect(field.startsWith("'") && !model.startsWith("'") ? field.slice(1) : field).toBe(model)
      expect(field).not.toMatch(/^[=+\-@\t\r\n]/)
    }),
  )
})
