import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonObject } from '../../../src/core/json.ts'
import type { OllamaStyle } from '../../../src/http/ollama/lines.ts'
import { saidBy, toFailureLines, toLines, toWhole } from '../../../src/http/ollama/lines.ts'
import type { ToolRun, TurnEvent, TurnFinish } from '../../../src/llm/turn.ts'
import { contentOf, end, modifiedAt, moveRun, readLines, text, usage } from './door.ts'

const style: OllamaStyle = {
  shape: 'chat',
  model: 'llama3.2',
  showsCards: false,
  reportsRuns: false,
  nowMs: () => modifiedAt,
}
const head = { model: 'llama3.2', created_at: '2026-11-21T09:00:00.000Z' }

const written = (events: readonly TurnEvent[], as: OllamaStyle = style): string =>
  Buffer.concat(events.flatMap((event) => toLines(event, as)).map((line) => Buffer.from(line))).toString('utf8')
const linesOf = (events: readonly TurnEvent[], as?: OllamaStyle) => readLines(written(events, as))

describe('a line', () => {
  test.each<{ name: string; event: TurnEvent; as?: Partial<OllamaStyle>; lines: readonly JsonObject[] }>([
    {
      name: 'text',
      event: text('X holds'),
      lines: [{ ...head, message: { role: 'assistant', content: 'X holds' }, done: false }],
    },
    {
      name: 'text of /generate',
      event: text('X holds'),
      as: { shape: 'generate' },
      lines: [{ ...head, response: 'X holds', done: false }],
    },
    {
      name: 'reasoning',
      event: { type: 'thinking', text: 'hm' },
      lines: [{ ...head, message: { role: 'assistant', content: '', thinking: 'hm' }, done: false }],
    },
    {
      name: 'reasoning of /generate',
      event: { type: 'thinking', text: 'hm' },
      as: { shape: 'generate' },
      lines: [{ ...head, response: '', thinking: 'hm', done: false }],
    },
    {
      name: 'a heartbeat',
      event: { type: 'heartbeat' },
      lines: [{ ...head, message: { role: 'assistant', content: '' }, done: false }],
    },
    { name: 'no text', event: text(''), lines: [] },
    { name: 'a call that begins', event: { type: 'call', call: { id: '1', name: 'f', arguments: {} } }, lines: [] },
    {
      name: 'a run in words',
      event: { type: 'result', run: moveRun },
      lines: [
        {
          ...head,
          message: { role: 'assistant', content: '', thinking: 'ttt_make_move X 4 → InProgress\n' },
          done: false,
        },
      ],
    },
    {
      name: 'the end',
      event: end(),
      lines: [
        {
          ...head,
          message: { role: 'assistant', content: '' },
          done: true,
          done_reason: 'stop',
          total_duration: 3900,
          load_duration: 21,
          prompt_eval_count: 512,
          prompt_eval_duration: 300,
          eval_count: 44,
          eval_duration: 80,
        },
      ],
    },
    {
      name: 'the end of /generate',
      event: end({ usage: { ...usage, loadNs: 0, outputTokens: 0 }, runs: [moveRun, { ...moveRun, replayed: true }] }),
      as: { shape: 'generate', reportsRuns: true },
      lines: [
        {
          ...head,
          response: '',
          done: true,
          done_reason: 'stop',
          total_duration: 3900,
          prompt_eval_count: 512,
          prompt_eval_duration: 300,
          eval_duration: 80,
          tool_runs: [reported(moveRun), { ...reported(moveRun), replayed: true }],
        },
      ],
    },
  ])('says $name', ({ event, as, lines }) => {
    expect(linesOf([event], { ...style, ...as })).toEqual(lines)
  })

  test('shows a run as a card where the page draws cards', () => {
    const [line, ...more] = linesOf([{ type: 'result', run: moveRun }], { ...style, showsCards: true })
    expect(line.message.content).toMatch(/^\n<details type="tool_calls" .* name="ttt_make_move" .*>\n/)
    expect(line.message.thinking).toBeUndefined()
    expect(more).toEqual([])
  })

  test("is the model server's own where that says the same, byte for byte", () => {
    const line = Buffer.from('{"model":"m", "message":{"content":"\\u00e4\xe4"},"logprobs":[],"done":false}')
    expect(toLines({ type: 'text', text: 'ää', line }, style)).toEqual([Buffer.concat([line, Buffer.from('\n')])])
  })

  test.each<{ name: string; line: Uint8Array; as: Partial<OllamaStyle> }>([
    { name: 'in the words of another shape', line: Buffer.from('{}'), as: { shape: 'generate' } },
    { name: 'as long as no reader takes it', line: Buffer.alloc(65_535, 0x20), as: {} },
  ])("is not the model server's own $name", ({ line, as }) => {
    const [built, ...more] = linesOf([{ type: 'text', text: 'x', line }], { ...style, ...as })
    expect(built.message?.content ?? built.response).toBe('x')
    expect(more).toEqual([])
  })

  test.each(['x', '\u0000', '€', '🂡', '\ud800'])('stays below 64 KiB however long the text of %j is', (sign) => {
    const long = sign.repeat(40_000)
    expect(contentOf(linesOf([text(long)]))).toBe(long)
    expect(
      linesOf([{ type: 'thinking', text: long }])
        .map(({ message }) => message.thinking)
        .join(''),
    ).toBe(long)
  })

  test.each<[TurnFinish, string]>([
    ['stop', 'stop'],
    ['length', 'length'],
    ['load', 'load'],
    ['handover', 'stop'],
    ['approval', 'stop'],
    ['rounds', 'stop'],
    ['time', 'stop'],
    ['stuck', 'stop'],
  ])('a turn that ended by %s is done by %s', (finish, reason) => {
    expect(linesOf([end({ finish })])[0].done_reason).toBe(reason)
  })

  test("hands the caller's calls over before the end, arguments as objects", () => {
    const handover = [
      { id: 'a', name: 'time', arguments: { zone: 'UTC' } },
      { id: 'b', name: 'time', arguments: 'not an object' },
    ]
    const call = (index: number, id: string, args: object) => ({
      ...head,
      message: {
        role: 'assistant',
        content: '',
        tool_calls: [{ id, function: { index, name: 'time', arguments: args } }],
      },
      done: false,
    })
    const [first, second, last, ...more] = linesOf([end({ finish: 'handover', handover })])
    expect([first, second]).toEqual([call(0, 'a', { zone: 'UTC' }), call(1, 'b', {})])
    expect(last).toMatchObject({ done: true, done_reason: 'stop', message: { role: 'assistant', content: '' } })
    expect(last.message).not.toHaveProperty('tool_calls')
    expect(more).toEqual([])
  })

  test('cuts the report of runs, earlier ones first, before the last line grows too long', () => {
    const runs = Array.from({ length: 400 }, (_, index) => ({
      ...moveRun,
      id: `call_${index}`,
      result: { text: 'ä"\n'.repeat(1_000) },
    }))
    const [{ tool_runs: report }] = linesOf([end({ runs })], { ...style, reportsRuns: true })
    expect(report.at(-1)).toEqual(reported(runs[399] ?? moveRun))
    expect(report[0]).toMatchObject({ tool: 'ttt_make_move', success: true, ms: 2310, cut: true })
    const ids = report.map(({ id }: { id: string }) => id)
    expect(ids).toEqual(runs.slice(-ids.length).map(({ id }) => id))
  })
})

function reported({ isWrite: _, ...run }: ToolRun): JsonObject {
  return run
}

describe('a whole answer', () => {
  test('is one object with all that was said', () => {
    const handover = [{ id: 'a', name: 'time', arguments: {} }]
    const whole = toWhole({ content: 'X holds', thinking: 'hm' }, { ...endOf(), handover }, style)
    expect(whole).toMatchObject({
      ...head,
      message: {
        role: 'assistant',
        content: 'X holds',
        thinking: 'hm',
        tool_calls: [{ id: 'a', function: { index: 0, name: 'time', arguments: {} } }],
      },
      done: true,
      done_reason: 'stop',
      eval_count: 44,
    })
  })

  test('has no remarks about tools that worked meanwhile, but their cards', () => {
    const result: TurnEvent = { type: 'result', run: moveRun }
    expect(saidBy(result, style)).toEqual({ content: '', thinking: '' })
    expect(saidBy(result, { showsCards: true }).content).toContain('<details ')
  })

  function endOf() {
    const event = end()
    if (event.type !== 'end') throw new Error('an end')
    return event
  }
})

test('a failure is told to people and to programs', () => {
  const [first, second, ...more] = toFailureLines({ error: 'It broke.', code: 'LLM_STREAM_CUT' }, style)
  expect(JSON.parse(first ?? '')).toEqual({
    ...head,
    message: { role: 'assistant', content: '\n\nIt broke.' },
    done: false,
  })
  expect(JSON.parse(second ?? '')).toEqual({ error: 'It broke.', code: 'LLM_STREAM_CUT' })
  expect(more).toEqual([])
})

const words = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.nat(30_000).map((length) => '"'.repeat(length)),
)
const object = fc
  .dictionary(fc.string(), fc.jsonValue({ maxDepth: 2 }))
  .map((value) => JSON.parse(JSON.stringify(value)))
const runs = fc.record({
  id: words,
  tool: words,
  isWrite: fc.boolean(),
  args: object,
  success: fc.boolean(),
  ms: fc.nat(),
  result: object,
})
const call = fc.record({ id: fc.string(), name: fc.string(), arguments: object })
const middles: fc.Arbitrary<TurnEvent> = fc.oneof(
  fc.record({ type: fc.constantFrom('text' as const, 'thinking' as const), text: words }),
  fc.record({ type: fc.constant('call' as const), call }),
  fc.record({ type: fc.constant('result' as const), run: runs }),
  fc.constant({ type: 'heartbeat' as const }),
)
const finishes = fc.constantFrom<TurnFinish>(
  'stop',
  'length',
  'handover',
  'approval',
  'rounds',
  'time',
  'stuck',
  'load',
)

describe('law: whatever happens in a turn', () => {
  const scripts = fc.tuple(fc.array(middles), fc.array(runs), fc.array(call), finishes)
  const styles = fc.record({
    shape: fc.constantFrom('chat' as const, 'generate' as const),
    showsCards: fc.boolean(),
    reportsRuns: fc.boolean(),
  })

  test('a strict reader gets all text, one end at the end, and no call but those for it', () => {
    fc.assert(
      fc.property(scripts, styles, ([middle, ran, handover, finish], how) => {
        const as = { ...style, ...how }
        const lines = linesOf([...middle, end({ finish, runs: ran, handover })], as)
        expect(lines.filter(({ done }) => done === true)).toEqual([lines.at(-1)])
        const calls = lines.flatMap((line) => (how.shape === 'chat' ? line.message : line).tool_calls ?? [])
        expect(calls.map(({ id }) => id)).toEqual(handover.map(({ id }) => id))
        const content = lines.map((line) => line.message?.content ?? line.response).join('')
        expect(content).toBe(middle.map((event) => saidBy(event, as).content).join(''))
      }),
    )
  })
})
