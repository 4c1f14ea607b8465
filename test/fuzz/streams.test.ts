import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { createLineSplitter } from '../../src/llm/_lines.ts'
import { createOllamaDecoder } from '../../src/llm/_ollama-answer.ts'
import { createOpenAiDecoder } from '../../src/llm/_openai-answer.ts'
import { createSseReader } from '../../src/llm/_sse.ts'
import type { AnswerDecoder } from '../../src/llm/_stream.ts'
import { streamEvents } from '../../src/llm/_stream.ts'
import type { ModelEvent } from '../../src/llm/language-model.ts'
import { delta, ollamaWire, openAiWire } from '../llm/_wires.ts'
import { cuts, mangles, piecesOf } from './_bytes.ts'

const maxLineBytes = 64 * 1024

const ollama = () => createOllamaDecoder({ newCallId: () => 'call_1', contextSize: 8_192 })
const openAi = () =>
  createOpenAiDecoder({
    newCallId: () => 'call_1',
    decodeName: (name) => name,
    maxBytes: maxLineBytes,
    secret: 'sk-test-key',
  })

const wires = [
  { ...ollamaWire, decoder: ollama, keepBlank: false },
  { ...openAiWire, decoder: openAi, keepBlank: true },
]
type FuzzedWire = (typeof wires)[number]

type Told = {
  readonly events: readonly Omit<ModelEvent, 'line'>[]
  /** `end`, or the code of the error that the stream was left with. */
  readonly end: string
  readonly closed: number
  readonly pieces: number
}

/** Reads an answer that comes in these pieces, as the adapters do; an error that is none of the documented is thrown on. */
async function readAll(
  { name, decoder, keepBlank }: FuzzedWire,
  pieces: readonly Uint8Array[],
  part: AnswerDecoder = decoder(),
): Promise<Told> {
  const events: Omit<ModelEvent, 'line'>[] = []
  const seen = { closed: 0, pieces: 0 }
  const answer = {
    status: 200,
    headers: {},
    read: async () => pieces[seen.pieces++],
    release: () => undefined,
    close: () => {
      seen.closed += 1
    },
  }
  const { signal } = new AbortController()
  try {
    const stream = streamEvents({ open: async () => answer, decoder: part, signal, maxLineBytes, keepBlank })
    for await (const event of stream) events.push(withoutLine(event))
    return { ...seen, events, end: 'end' }
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    expect(['LLM_BAD_RESPONSE', 'LLM_STREAM_CUT']).toContain(error.code)
    // Only one of the wires has a key; addresses are cut out of both.
    expect(error.message).not.toContain(name === 'OpenAI' ? 'sk-test-key' : '10.0.0.1')
    expect(error.message.length).toBeLessThan(300)
    return { ...seen, events, end: error.code }
  }
}

function withoutLine(event: ModelEvent): Omit<ModelEvent, 'line'> {
  if (!('line' in event)) return event
  const { line: _, ...rest } = event
  return rest
}

/** Whatever came: an end and nothing behind it, or an error and no end. */
function expectOneEnd({ events, end, closed }: Told): void {
  const ends = events.flatMap(({ type }, at) => (type === 'end' ? [at] : []))
  expect(ends).toEqual(end === 'end' ? [events.length - 1] : [])
  expect(closed).toBe(1)
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '\n', '\r\n', 'data: [DONE]', '{"error":1}', '\u2028', '\ufeff'),
)
const args = fc.dictionary(fc.string({ maxLength: 4 }), fc.oneof(text, fc.integer(), fc.constant(null)), {
  maxKeys: 3,
  noNullPrototype: true,
})

type Part =
  | { readonly kind: 'text' | 'thinking'; readonly text: string }
  | { readonly kind: 'call'; readonly id: string; readonly args: Record<string, string | number | null> }

const parts: fc.Arbitrary<Part[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constantFrom('text' as const, 'thinking' as const), text }),
    fc.record({ kind: fc.constant('call' as const), id: fc.constantFrom('a', 'b', 'c'), args }),
  ),
  { maxLength: 8 },
)

const written = (wire: FuzzedWire, told: readonly Part[]): Buffer =>
  Buffer.from(
    told
      .map((part, index) => {
        if (part.kind === 'call')
          return wire.call({ id: part.id + index, name: 'ttt_make_move', args: part.args }, index)
        return part.kind === 'text' ? wire.text(part.text) : wire.thinking(part.text)
      })
      .join('') + wire.end(),
  )

const words = [
  ...[
    '\n',
    '\r\n',
    '\n\n',
    'data: ',
    'data:',
    ': comment\n',
    'event: x\n',
    'data: [DONE]\n\n',
    '{}',
    '{}\n',
    '[]\n',
    'null\n',
  ],
  ...['{"done":true}\n', '{"error":"sk-test-key at http://10.0.0.1:9"}\n', 'data: {"error":{"message":"x"}}\n\n'],
  ...['"tool_calls":[{}],', '"tool_calls":[{"function":{"name":""}}],', '"content":7,', '"finish_reason":"length",'],
  ...['"done":true,', '"message":null,', '"message":[],', '"index":-1,', '"arguments":"{",', '\u0000', '\ufeff'],
]

describe.each(wires)('the stream of $name', (wire) => {
  test('law: however it is cut, it says the same', async () => {
    await fc.assert(
      fc.asyncProperty(parts, cuts, async (told, at) => {
        const bytes = written(wire, told)
        const whole = await readAll(wire, [bytes])
        expect(whole.end).toBe('end')
        const pieces = await readAll(wire, piecesOf(bytes, at))
        expect([pieces.events, pieces.end]).toEqual([whole.events, whole.end])
        const said = (kind: string) => told.flatMap((part) => (part.kind === kind ? [part] : []))
        expect(whole.events.filter(({ type }) => type === 'call')).toHaveLength(said('call').length)
      }),
      { numRuns: 150 },
    )
  })

  test('law: one byte at a time as well', async () => {
    await fc.assert(
      fc.asyncProperty(parts, async (told) => {
        const bytes = written(wire, told)
        const bytewise = await readAll(
          wire,
          Array.from(bytes, (byte) => Uint8Array.of(byte)),
        )
        expect(bytewise.events).toEqual((await readAll(wire, [bytes])).events)
      }),
      { numRuns: 20 },
    )
  })

  test('law: damaged, it has exactly one documented end, the same one however it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(parts, mangles(words), cuts, async (told, mangle, at) => {
        const bytes = mangle(written(wire, told))
        const whole = await readAll(wire, [bytes])
        expectOneEnd(whole)
        const pieces = await readAll(wire, piecesOf(bytes, at))
        expectOneEnd(pieces)
        expect([pieces.events, pieces.end]).toEqual([whole.events, whole.end])
      }),
      { numRuns: 600 },
    )
  })

  test('law: an answer that stops anywhere before its end is cut, and gives no call that was not complete', async () => {
    await fc.assert(
      fc.asyncProperty(parts, fc.nat(), async (told, at) => {
        const bytes = written(wire, told)
        const { events } = await readAll(wire, [bytes])
        const stop = at % (bytes.length - wire.end().length + 1)
        const stopped = await readAll(wire, [bytes.subarray(0, stop)])
        expectOneEnd(stopped)
        expect(stopped.end).not.toBe('end')
        const calls = (from: Told['events']) => from.filter(({ type }) => type === 'call')
        expect(calls(events)).toEqual(expect.arrayContaining(calls(stopped.events)))
      }),
      { numRuns: 200 },
    )
  })

  test('a line without end is refused before much of it was read', async () => {
    const chunk = Buffer.alloc(16 * 1024, 'x')
    const begun = Buffer.from(wire.text('hi').slice(0, -3))
    const endless = await readAll(wire, [begun, ...Array.from({ length: 1_000 }, () => chunk)])
    expect(endless.end).toBe('LLM_BAD_RESPONSE')
    expect(endless.pieces).toBeLessThan(8)
  })

  test.each<{ name: string; args: string }>([
    { name: 'arrays', args: '['.repeat(20_000) + ']'.repeat(20_000) },
    { name: 'objects', args: `${'{"a":'.repeat(9_000)}1${'}'.repeat(9_000)}` },
  ])('arguments that nest in $name without end are refused', async ({ args: deep }) => {
    const call = wire.call({ id: 'a', name: 'ttt_make_move', args: { x: 'HERE' } })
    const asObject = call.replace(/"\{\\"x\\":\\"HERE\\"\}"|\{"x":"HERE"\}/, () => `{"x":${deep}}`)
    expect(asObject).toContain(deep)
    expect((await readAll(wire, [Buffer.from(asObject + wire.end())])).end).toBe('LLM_BAD_RESPONSE')
  })
})

test('law: fragments of a call come together in any order of calls, and a bound holds them', async () => {
  const [, wire] = wires
  if (wire === undefined) return expect.unreachable()
  const fragment = fc.record({ index: fc.nat(3), piece: fc.string({ maxLength: 5 }) })
  await fc.assert(
    fc.asyncProperty(fc.array(fragment, { maxLength: 12 }), cuts, async (fragments, at) => {
      const chunks = fragments.map(({ index, piece }): string =>
        delta({ tool_calls: [{ index, function: { name: `f${index}`, arguments: piece } }] }),
      )
      const { events, end } = await readAll(wire, piecesOf(Buffer.from(chunks.join('') + wire.end()), at))
      expect(end).toBe('end')
      const indexes = [...new Set(fragments.map(({ index }) => index))]
      const joined = indexes.map((index): JsonValue => {
        const whole = fragments.flatMap((each) => (each.index === index ? [each.piece] : [])).join('')
        return readOrKeep(whole)
      })
      expect(
        events.flatMap((event) => ('call' in event ? [(event.call as { arguments: JsonValue }).arguments] : [])),
      ).toEqual(joined)
    }),
    { numRuns: 150 },
  )
})

function readOrKeep(whole: string): JsonValue {
  if (whole.trim() === '') return {}
  try {
    return JSON.parse(whole)
  } catch {
    return whole
  }
}

describe('lines and events by themselves', () => {
  test('law: lines are those of the text, wherever it was cut', () => {
    const content = fc.array(fc.constantFrom('a', 'é', '😀', '\n', '\r\n', '\r', ' ', '\t', 'data:'), { maxLength: 30 })
    fc.assert(
      fc.property(content, cuts, fc.boolean(), (units, at, keepBlank) => {
        const bytes = Buffer.from(units.join(''))
        const splitter = createLineSplitter(1_000, { keepBlank })
        const lines = piecesOf(bytes, at).flatMap((piece) => [...splitter.push(piece)])
        const all = [...lines, ...splitter.end()].map((line) => Buffer.from(line).toString())
        const plain = bytes.toString().split('\n')
        const last = plain.pop() ?? ''
        const wanted = [...plain, ...(last === '' ? [] : [last])].map((line) => line.replace(/\r$/, ''))
        expect(all).toEqual(keepBlank ? wanted : wanted.filter((line) => /[^ \t\r]/.test(line)))
      }),
      { numRuns: 800 },
    )
  })

  test('law: no event over its bound is ever held', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(40), { maxLength: 20 }), (lengths) => {
        const reader = createSseReader(100)
        let held = 0
        for (const length of lengths) {
          const line = Buffer.from(length === 0 ? '' : `data:${'x'.repeat(length)}`)
          held = length === 0 ? 0 : held + line.length
          if (held <= 100) {
            reader.push(line)
            continue
          }
          expect(() => reader.push(line)).toThrow(expect.objectContaining({ code: 'LLM_BAD_RESPONSE' }))
          return
        }
      }),
      { numRuns: 400 },
    )
  })
})
