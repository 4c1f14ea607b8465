import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { auditTools } from '../../src/audit/audited-tools.ts'
import type { AuditEntry } from '../../src/audit/record.ts'
import { StorageUnavailableError } from '../../src/db/errors.ts'
import type { ListedTool, ToolCallContext, ToolCatalog, ToolDescription, ToolOutcome } from '../../src/tools/tool.ts'
import { noSandbox } from '../../src/tools/tool.ts'

const describedAs = (name: string, effect: 'read' | 'write'): ToolDescription => ({
  name,
  summary: 'A tool.',
  effect,
  inputSchema: {},
  outputSchema: {},
})

const described = [describedAs('read', 'read'), describedAs('write', 'write')]

const listedAs = (description: ToolDescription | undefined): ListedTool | undefined =>
  description && { description, permission: description.effect, sandbox: noSandbox, origin: 'game', aliases: [] }

/** A catalogue of one read and one write that answer as told; `called` tells what got through. */
function world(answer: ToolOutcome, isWritable = true) {
  const called: string[] = []
  const entries: AuditEntry[] = []
  const byName = new Map(described.map((one) => [one.name, one]))
  const catalog: ToolCatalog = {
    list: () => described,
    find: (name) => listedAs(byName.get(name)),
    call: async (name) => {
      called.push(name)
      return answer
    },
  }
  const audit = {
    append: (entry: AuditEntry) => void entries.push(entry),
    assertWritable() {
      if (!isWritable) throw new StorageUnavailableError(new Error('disk full'))
    },
  }
  const tools = auditTools(catalog, audit)
  /** A tool under an alias, once everything is wrapped. */
  const late = (alias: string, name: string, effect: 'read' | 'write') => {
    byName.set(alias, describedAs(name, effect))
    return tools.call(alias, {}, context)
  }
  return { tools, called, entries, late }
}

const context: ToolCallContext = {
  traceId: 'trace-1',
  principal: 'token:0123456789abcdef',
  signal: new AbortController().signal,
}
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const applied: ToolOutcome = {
  success: true,
  result: { gameId: 'game-1', hash: 'hash-1', boardText: 'not for the audit' },
  traceId: 'trace-1',
  replayed: true,
}
const failed = (code: string, outcome: 'not_submitted' | 'unknown' = 'not_submitted'): ToolOutcome => ({
  success: false,
  error: 'No.',
  code,
  outcome,
  retryable: false,
  hint: '',
  details: { gameId: 'game-1', intentId: 'intent-1' },
  traceId: 'trace-1',
})

test('a call leaves one record: who, which tool, what came of it, and of the arguments their digest alone', async () => {
  const { tools, entries } = world(applied)
  await tools.call('write', { cell: 4, idempotencyKey: 'secret' }, context)
  expect(entries).toEqual([
    {
      kind: 'call',
      traceId: 'trace-1',
      principal: 'token:0123456789abcdef',
      tool: 'write',
      argsHash: sha256('["write",{"cell":4}]'),
      outcome: 'applied',
      code: 'OK',
      gameId: 'game-1',
      hash: 'hash-1',
      intentId: undefined,
      replayed: true,
    },
  ])
})

test('a failure leaves its outcome and code, and the intent where it is known', async () => {
  const { tools, entries } = world(failed('OUTCOME_UNKNOWN', 'unknown'))
  await tools.call('write', {}, context)
  expect(entries).toMatchObject([
    { outcome: 'unknown', code: 'OUTCOME_UNKNOWN', gameId: 'game-1', intentId: 'intent-1' },
  ])
})

test('a name that no tool has is a stranger’s own word and is not written down', async () => {
  const { tools, entries } = world(failed('UNKNOWN_TOOL'))
  await tools.call('<script>', [1, 2], context)
  expect(entries).toMatchObject([{ tool: 'unknown', code: 'UNKNOWN_TOOL', argsHash: sha256('["<script>",[1,2]]') }])
})

test('while nothing can be written, a write is refused before it begins, and a read goes on', async () => {
  const { tools, called, entries } = world(applied, false)
  expect(await tools.call('write', {}, context)).toMatchObject({
    success: false,
    code: 'STORAGE_UNAVAILABLE',
    outcome: 'not_submitted',
    retryable: true,
    traceId: 'trace-1',
  })
  expect(await tools.call('read', {}, context)).toEqual(applied)
  expect(called).toEqual(['read'])
  expect(entries).toMatchObject([
    { tool: 'write', code: 'STORAGE_UNAVAILABLE' },
    { tool: 'read', code: 'OK' },
  ])
})

test('a tool that comes later is known by its own name, whatever it was called by, and its writes are held up', async () => {
  const { entries, late } = world(applied, false)
  await late('Late.Alias', 'late', 'write')
  expect(entries).toMatchObject([{ tool: 'late', code: 'STORAGE_UNAVAILABLE', argsHash: sha256('["late",{}]') }])
})
