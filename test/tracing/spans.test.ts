import { expect, test } from 'vitest'
import { recordSpans } from './_recorded.ts'

const call = crypto.randomUUID()
const traceId = call.replaceAll('-', '')

test('what a step begins, now or later, is part of it; what others begin at the same time is not', async () => {
  const { spans, told } = recordSpans()
  const calls = [crypto.randomUUID(), crypto.randomUUID()]
  const gate = Promise.withResolvers<void>()
  const done = calls.map((id, at) => {
    const first = spans.begin(id, { name: `call ${at}` })
    return first.run(async () => {
      await gate.promise
      spans.beginPart({ name: `part ${at}` })?.end()
      first.end()
    })
  })
  gate.resolve()
  await Promise.all(done)
  expect(told().map(({ name, parent, traceId }) => [name, parent, traceId])).toEqual(
    calls.flatMap((id, at) => [
      [`part ${at}`, `call ${at}`, id.replaceAll('-', '')],
      [`call ${at}`, undefined, id.replaceAll('-', '')],
    ]),
  )
})

test('nobody asked for what runs outside of any step', () => {
  const { spans, told } = recordSpans()
  expect(spans.beginPart({ name: 'sign' })).toBeUndefined()
  spans.begin(call, { name: 'call' }).end()
  expect(spans.beginPart({ name: 'sign' })).toBeUndefined()
  expect(told()).toHaveLength(1)
})

test('a call inside a step of the same id is part of it, one of another id is a trace of its own', () => {
  const { spans, told } = recordSpans()
  const outer = spans.begin(call, { name: 'chat' })
  outer.run(() => {
    spans.begin(call, { name: 'same' }).end()
    spans.begin('another', { name: 'other' }).end()
  })
  outer.end()
  expect(told()).toMatchObject([
    { name: 'same', parent: 'chat', traceId, attributes: {} },
    { name: 'other', parent: undefined, attributes: { 'otto.trace_id': 'another' } },
    { name: 'chat', parent: undefined, traceId, attributes: {} },
  ])
  expect(told()[1]?.traceId).not.toBe(traceId)
})

test('a failed step says why, and after its end nothing changes', () => {
  const { spans, told } = recordSpans()
  const step = spans.begin(call, { name: 'call', attributes: { kept: 1 } })
  step.fail('INVALID_MOVE')
  step.end()
  const before = told()
  step.rename('other')
  step.set({ kept: 2 })
  step.end()
  expect(told()).toEqual(before)
  expect(before).toEqual([
    {
      name: 'call',
      parent: undefined,
      traceId,
      failure: 'INVALID_MOVE',
      attributes: { kept: 1, 'error.type': 'INVALID_MOVE' },
    },
  ])
})

test('a long word of a caller is cut', () => {
  const { spans, told } = recordSpans()
  spans.begin(call, { name: 'chat', attributes: { 'gen_ai.request.model': 'm'.repeat(1_000) } }).end()
  expect(told()[0]?.attributes['gen_ai.request.model']).toBe('m'.repeat(256))
})
