import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JsonValue } from '../../../src/core/json.ts'
import { LlmStreamCutError } from '../../../src/llm/errors.ts'
import type { ToolCall } from '../../../src/llm/language-model.ts'
import type { TurnEvent, TurnFinish } from '../../../src/llm/turn.ts'
import { calling, came, ended, post, readEvents, scriptedChat, startDoor } from './_door.ts'

const path = '/v1/chat/completions'

// Line breaks, halves of pairs, quotes: whatever a model can write.
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('\n\n', '\r\ndata: [DONE]\n\n', '\u2028', '😀', ''),
  fc.integer({ min: 8_180, max: 8_200 }).map((length) => `${'x'.repeat(length)}😀😀`),
)
const call: fc.Arbitrary<ToolCall> = fc.record({
  id: fc.string({ minLength: 1, maxLength: 12 }),
  name: text,
  // The cast holds: fast-check's JSON values are JSON values.
  arguments: fc.oneof(fc.jsonValue() as fc.Arbitrary<JsonValue>, text),
})
const finish = fc.constantFrom<TurnFinish>('stop', 'length', 'approval', 'rounds', 'time', 'stuck', 'load')
const end = fc.oneof(
  finish.map((one) => ended(one)),
  fc.array(call, { minLength: 1, maxLength: 4 }).map((calls) => ended('handover', calls)),
)
const middle: fc.Arbitrary<TurnEvent> = fc.oneof(
  fc.record({ type: fc.constantFrom('text' as const, 'thinking' as const), text }),
  text.map(calling),
  fc.boolean().map((isWrite) => came({ tool: 'ttt_get_state', isWrite })),
  fc.constant<TurnEvent>({ type: 'heartbeat' }),
)

type Delta = {
  role?: string
  content?: string
  reasoning_content?: string
  tool_calls?: { index: number; id?: string; function: { name?: string; arguments: string } }[]
}
type Chunk = { id: string; created: number; choices: { delta: Delta; finish_reason: string | null }[]; usage?: object }

const wellFormed = (one: string) => one.toWellFormed()
const sayings = (events: readonly TurnEvent[], type: 'text' | 'thinking') =>
  wellFormed(events.flatMap((event) => (event.type === type ? event.text : [])).join(''))

test('law: whatever a turn does, its stream is well formed, holds all of it, and ends once', async () => {
  const script = { events: [] as readonly (TurnEvent | Error)[] }
  await using door = await startDoor({ turn: (request, caller) => scriptedChat(script.events).turn(request, caller) })
  await fc.assert(
    fc.asyncProperty(fc.array(middle, { maxLength: 8 }), end, fc.boolean(), async (before, last, wantsUsage) => {
      // What a chat might say after its end is nobody's business.
      script.events = [...before, last, ...before]
      const answer = await post(`${door.url}${path}`, {
        messages: [{ role: 'user', content: 'Hi' }],
        stream: true,
        stream_options: { include_usage: wantsUsage },
      })
      const { data } = readEvents(answer.text)
      expect(data.filter((one) => one === '[DONE]')).toHaveLength(1)
      expect(data.at(-1)).toBe('[DONE]')
      expect(Math.max(...answer.text.split('\n').map((line) => Buffer.byteLength(line)))).toBeLessThan(65_536)
      const chunks = data.slice(0, -1).map((one): Chunk => JSON.parse(one))
      expect(new Set(chunks.map(({ id, created }) => `${id} ${created}`)).size).toBe(1)
      expect(chunks.filter(({ usage }) => usage !== undefined)).toHaveLength(wantsUsage ? 1 : 0)
      const choices = chunks.flatMap((chunk) => chunk.choices)
      expect(choices.filter(({ finish_reason }) => finish_reason !== null)).toEqual([choices.at(-1)])
      expect(choices[0]?.delta.role).toBe('assistant')
      const deltas = choices.map(({ delta }) => delta)
      expect(wellFormed(deltas.map(({ content = '' }) => content).join(''))).toBe(sayings(before, 'text'))
      expect(wellFormed(deltas.map(({ reasoning_content = '' }) => reasoning_content).join(''))).toBe(
        sayings(before, 'thinking'),
      )
      const calls = last.type === 'end' ? last.handover : []
      expect(putTogether(deltas)).toEqual(
        calls.map(({ id, name, arguments: args }) => ({
          id,
          name: wellFormed(name),
          arguments: wellFormed(typeof args === 'string' ? args : JSON.stringify(args)),
        })),
      )
    }),
    { numRuns: 60 },
  )
})

/** The calls as a client gathers them: by index. */
function putTogether(deltas: readonly Delta[]) {
  const calls = new Map<number, { id: string; name: string; arguments: string }>()
  for (const { index, id = '', function: part } of deltas.flatMap((delta) => delta.tool_calls ?? [])) {
    const known = calls.get(index) ?? { id, name: part.name ?? '', arguments: '' }
    calls.set(index, { ...known, arguments: known.arguments + part.arguments })
  }
  return [...calls.values()].map((one) => ({
    ...one,
    name: wellFormed(one.name),
    arguments: wellFormed(one.arguments),
  }))
}

test('law: a turn that fails ends its stream with one error and no [DONE]', async () => {
  const script = { events: [] as readonly (TurnEvent | Error)[] }
  await using door = await startDoor({ turn: (request, caller) => scriptedChat(script.events).turn(request, caller) })
  const failure = fc.constantFrom([new LlmStreamCutError()], [new TypeError('a bug')], [])
  await fc.assert(
    fc.asyncProperty(fc.array(middle, { minLength: 1, maxLength: 4 }), failure, async (before, after) => {
      script.events = [...before, ...after]
      const answer = await post(`${door.url}${path}`, { messages: [{ role: 'user', content: 'Hi' }], stream: true })
      const { data } = readEvents(answer.text)
      const errors = data.flatMap((one) => JSON.parse(one).error ?? [])
      expect(errors).toEqual([JSON.parse(data.at(-1) ?? '').error])
      expect(answer.text).not.toContain('a bug')
    }),
    { numRuns: 30 },
  )
})
