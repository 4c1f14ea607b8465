import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NotSentError } from '../../src/chain/errors.ts'
import type { Log } from '../../src/core/log.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { memoryKeys } from '../records.ts'

type Entry = { readonly level: keyof Log; readonly fields: Record<string, unknown>; readonly message: string }

/** A catalogue of one write and what it logged. */
function catalogOf(run: (caller: Caller) => Promise<unknown>, effect: Tool['description']['effect'] = 'write') {
  const clock = createVirtualClock()
  const entries: Entry[] = []
  const at = (level: keyof Log) => (fields: object, message: string) => {
    entries.push({ level, fields: { ...fields }, message })
  }
  const log: Log = { info: at('info'), warn: at('warn'), error: at('error') }
  const tool = defineTool({
    name: 'work',
    origin: 'game',
    summary: 'Works.',
    effect,
    input: z.strictObject({ cell: z.int().optional(), idempotencyKey: z.string().optional() }),
    output: z.object({ done: z.boolean() }),
    run: async (_, caller) => {
      await run(caller)
      return { result: { done: true } }
    },
  })
  const catalog = createToolBus({ keys: memoryKeys(), tools: [tool], clock, deadlineMs: 10_000, log })
  const callNow = (args: unknown, more: { idempotencyKey?: string; signal?: AbortSignal } = {}) =>
    catalog.call('work', args, { traceId: 't', principal: 'p', signal: new AbortController().signal, ...more })
  const call: typeof callNow = (...asked) => clock.run(callNow(...asked))
  /** `callNow` is for calls with a key: a database does not wait on timers alone. */
  return { call, callNow, entries, clock, catalog }
}

const untilDeadline = ({ deadline }: Caller) =>
  new Promise((_, reject) => deadline.addEventListener('abort', () => reject(deadline.reason), { once: true }))

describe('what a failure says', () => {
  test('a bug is logged whole and shown without its text', async () => {
    const { call, entries } = catalogOf(async () => {
      throw new TypeError('secret detail')
    })
    const outcome = await call({})
    expect(outcome).toMatchObject({ success: false, code: 'INTERNAL_ERROR', outcome: 'not_submitted', traceId: 't' })
    expect(JSON.stringify(outcome)).not.toContain('secret detail')
    expect(entries).toContainEqual({
      level: 'error',
      fields: { err: expect.objectContaining({ message: 'secret detail' }), traceId: 't' },
      message: 'a bug',
    })
  })

  test('once something was sent, an error that speaks of nothing sent proves nothing', async () => {
    const unreachable = () => Promise.reject(new NotSentError('refused'))
    expect(await catalogOf(unreachable).call({})).toMatchObject({
      code: 'LEDGER_UNREACHABLE',
      outcome: 'not_submitted',
    })
    const sent = catalogOf(async ({ onSubmitting }) => {
      onSubmitting()
      await unreachable()
    })
    expect(await sent.call({})).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'unknown', retryable: true })
  })

  test('a bug after something was sent is unknown, not undone', async () => {
    const { call } = catalogOf(async ({ onSubmitting }) => {
      onSubmitting()
      throw new Error('late')
    })
    expect(await call({})).toMatchObject({ code: 'INTERNAL_ERROR', outcome: 'unknown' })
  })

  test.each([
    { name: 'before anything is sent', submits: false, code: 'DEADLINE_EXCEEDED', outcome: 'not_submitted' },
    { name: 'after something was sent', submits: true, code: 'OUTCOME_UNKNOWN', outcome: 'unknown' },
  ])('the deadline $name: $code', async ({ submits, code, outcome }) => {
    const { call, clock } = catalogOf(async (caller) => {
      if (submits) caller.onSubmitting()
      await untilDeadline(caller)
    })
    expect(await call({})).toMatchObject({ code, outcome })
    expect(clock.monotonicMs()).toBe(9_500) // half a second is kept for the answer
  })

  test('a retryable failure names the key to ask again with', async () => {
    const { callNow } = catalogOf(() => Promise.reject(new NotSentError('refused')))
    expect(await callNow({}, { idempotencyKey: 'my-key' })).toMatchObject({ idempotencyKey: 'my-key' })
  })
})

describe('what is refused before anything runs', () => {
  test.each([
    { name: 'arguments beyond 16 KiB', args: { cell: 'x'.repeat(17_000) }, more: {}, code: 'PAYLOAD_TOO_LARGE' },
    { name: 'an empty key', args: {}, more: { idempotencyKey: '' }, code: 'IDEMPOTENCY_KEY_INVALID' },
    { name: 'a key of 129', args: {}, more: { idempotencyKey: 'k'.repeat(129) }, code: 'IDEMPOTENCY_KEY_INVALID' },
    { name: 'a key with a blank', args: {}, more: { idempotencyKey: 'a b' }, code: 'IDEMPOTENCY_KEY_INVALID' },
    { name: 'two keys', args: { idempotencyKey: 'a' }, more: { idempotencyKey: 'b' }, code: 'INVALID_REQUEST' },
    { name: 'no object', args: [], more: {}, code: 'INVALID_ARGUMENTS' },
    { name: 'nothing at all', args: undefined, more: {}, code: 'INVALID_ARGUMENTS' },
  ])('$name', async ({ args, more, code }) => {
    const { call } = catalogOf(() => expect.unreachable())
    expect(await call(args, more)).toMatchObject({ success: false, code, outcome: 'not_submitted' })
  })
})

test('a key of a write is kept per principal; a read keeps none', async () => {
  for (const [effect, runs] of [
    ['write', 1],
    ['read', 2],
  ] as const) {
    let count = 0
    const { callNow } = catalogOf(async () => {
      count += 1
    }, effect)
    await callNow({}, { idempotencyKey: 'k' })
    await callNow({}, { idempotencyKey: 'k' })
    expect(count).toBe(runs)
  }
})

test('one line a call: ids, outcome and time, never an argument', async () => {
  const { call, entries } = catalogOf(async () => {})
  await call({ cell: 4 })
  expect(entries).toEqual([
    {
      level: 'info',
      message: 'tool call',
      fields: expect.objectContaining({ traceId: 't', tool: 'work', outcome: 'applied', ms: 0 }),
    },
  ])
  expect(JSON.stringify(entries)).not.toContain('"cell"')
})
