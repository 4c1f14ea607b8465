import { expect, test } from 'vitest'
import { orLastCall } from '../../src/http/last-call.ts'
import type { ProgressStep, ToolCallContext, ToolOutcome } from '../../src/tools/tool.ts'

const context: ToolCallContext = { traceId: 't', principal: 'p', signal: new AbortController().signal }
const done: ToolOutcome = { success: true, result: {}, traceId: 't' }

/** A call that has come so far and goes no further, when the last call comes. */
function late(effect: 'read' | 'write', ...steps: readonly ProgressStep[]) {
  const lastCall = new AbortController()
  const run = (going: ToolCallContext) => {
    for (const step of steps) going.onProgress?.(step)
    return new Promise<ToolOutcome>(() => {})
  }
  const answer = orLastCall(lastCall.signal, { effect, context: { ...context, idempotencyKey: 'k' }, run })
  lastCall.abort()
  return answer
}

test.each([
  { name: 'a message may have left', steps: ['signing', 'submitted'] as const, code: 'OUTCOME_UNKNOWN' },
  { name: 'a node holds it', steps: ['signing', 'submitted', 'accepted'] as const, code: 'CONFIRMATION_PENDING' },
  { name: 'it does not say what it did', steps: ['signing'] as const, code: 'OUTCOME_UNKNOWN' },
])('a write is answered in time where $name', async ({ steps, code }) => {
  expect(await late('write', ...steps)).toMatchObject({ success: false, code, retryable: true, idempotencyKey: 'k' })
})

test('a read that does not end proves nothing and did nothing', async () => {
  expect(await late('read')).toMatchObject({ code: 'DEADLINE_EXCEEDED', outcome: 'not_submitted' })
})

test('what has sent nothing gives up by itself and says so', async () => {
  const lastCall = new AbortController()
  const refusal: ToolOutcome = { ...(await late('read')), traceId: 'own' }
  const run = ({ signal }: ToolCallContext) =>
    new Promise<ToolOutcome>((resolve) => signal.addEventListener('abort', () => resolve(refusal)))
  const answer = orLastCall(lastCall.signal, { effect: 'write', context, run })
  lastCall.abort()
  expect(await answer).toBe(refusal)
})

test('an answer that comes before it is the answer', async () => {
  const lastCall = new AbortController()
  expect(await orLastCall(lastCall.signal, { effect: 'write', context, run: async () => done })).toBe(done)
})
