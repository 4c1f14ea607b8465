import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LanguageModel } from '../../src/llm/language-model.ts'
import { begin, collect, forever, moveTool, question, withoutLines } from './_questions.ts'
import type { Started } from './_started.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Wire, WireOptions } from './_wires.ts'
import { createHastyClock, ollamaWire, openAiWire, wires } from './_wires.ts'
import type { Script, UpstreamHandler } from './upstream.ts'
import { splitAt } from './upstream.ts'

useRealSockets()

const start = (
  wire: Wire,
  answer: Script | readonly Script[] | UpstreamHandler,
  options?: WireOptions,
): Promise<Started<LanguageModel>> => startWith(answer, (url) => wire.open(url, options))

const noLoad = { loadNs: 0, promptNs: 0, outputNs: 0 }

describe.each(wires)('$name: an answer', (wire) => {
  const end = { type: 'end', reason: 'stop', usage: { ...wire.usage, ...noLoad }, isPromptCut: false }
  const move = { id: 'call_4k2n8p0x', name: 'ttt_make_move', args: { player: 'X', cell: 4 } }
  const moved = { type: 'call', call: { id: move.id, name: move.name, arguments: move.args } }

  test.each<{ name: string; steps: string[]; events: unknown[] }>([
    {
      name: 'text',
      steps: [wire.text('X holds'), wire.text(' the centre.'), wire.end()],
      events: [{ type: 'text', text: 'X holds' }, { type: 'text', text: ' the centre.' }, end],
    },
    {
      name: 'thinking before text',
      steps: [wire.thinking('Hm.'), wire.text('4'), wire.end()],
      events: [{ type: 'thinking', text: 'Hm.' }, { type: 'text', text: '4' }, end],
    },
    {
      name: 'thinking and a call',
      steps: [wire.thinking('Hm.'), wire.call(move), wire.end()],
      events: [{ type: 'thinking', text: 'Hm.' }, moved, end],
    },
    {
      name: 'text before a call',
      steps: [wire.text('Let me play.'), wire.call(move), wire.end()],
      events: [{ type: 'text', text: 'Let me play.' }, moved, end],
    },
    {
      name: 'two calls in one round',
      steps: [wire.call(move), wire.call({ id: 'call_2', name: 'ttt_get_state', args: {} }, 1), wire.end()],
      events: [moved, { type: 'call', call: { id: 'call_2', name: 'ttt_get_state', arguments: {} } }, end],
    },
    {
      name: 'a call without arguments',
      steps: [wire.call({ id: 'call_1', name: 'ttt_create_game' }), wire.end()],
      events: [{ type: 'call', call: { id: 'call_1', name: 'ttt_create_game', arguments: {} } }, end],
    },
    {
      name: 'a call without an id, which gets one',
      steps: [wire.call({ name: 'ttt_create_game', args: {} }), wire.end()],
      events: [{ type: 'call', call: { id: 'call_iiiiiiii', name: 'ttt_create_game', arguments: {} } }, end],
    },
    { name: 'nothing at all', steps: [wire.end()], events: [end] },
    {
      name: 'an end at the limit of tokens',
      steps: [wire.text('X'), wire.end('length')],
      events: [
        { type: 'text', text: 'X' },
        { ...end, reason: 'length' },
      ],
    },
  ])('reads $name', async ({ steps, events }) => {
    await using started = await start(wire, { steps })
    const { model } = started
    expect(withoutLines(await collect(model.chat(question(), { signal: forever })))).toEqual(events)
  })

  const whole = [wire.text('Ö X ⬛'), wire.call(move), wire.text(' 🦦'), wire.end()].join('')
  // The calls of OpenAI are complete at the end alone.
  const wholeEvents = [
    { type: 'text', text: 'Ö X ⬛' },
    ...(wire === openAiWire ? [{ type: 'text', text: ' 🦦' }, moved] : [moved, { type: 'text', text: ' 🦦' }]),
    end,
  ]
  const bytes = Buffer.from(whole)

  test.each<{ name: string; steps: (string | Uint8Array)[] }>([
    { name: 'everything in one chunk', steps: [whole] },
    { name: 'a line in three chunks', steps: splitAt(bytes, [10, 40]) },
    { name: 'a split character', steps: splitAt(bytes, [bytes.indexOf('⬛') + 1, bytes.indexOf('🦦') + 2]) },
    { name: 'a chunk for every byte', steps: [...bytes].map((byte) => Buffer.of(byte)) },
    { name: 'CRLF', steps: [whole.replaceAll('\n', '\r\n')] },
    {
      name: 'a CRLF that is split',
      steps: splitAt(Buffer.from(whole.replaceAll('\n', '\r\n')), [whole.indexOf('\n') + 1]),
    },
    { name: 'no line break at the end', steps: [whole.trimEnd()] },
    { name: 'blank lines', steps: [`\n\n${whole.replaceAll('\n', '\n\n')}\n`] },
  ])('reads $name', async ({ steps }) => {
    await using started = await start(wire, { steps })
    const { model } = started
    expect(withoutLines(await collect(model.chat(question(), { signal: forever })))).toEqual(wholeEvents)
  })

  test('law: where the bytes are split never matters', async () => {
    let steps: Uint8Array[] = []
    await using started = await start(wire, async (_, response) => {
      for (const step of steps) await new Promise((resolve) => response.write(step, resolve))
      response.end()
    })
    const { model } = started
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 12 }), async (offsets) => {
        steps = splitAt(bytes, offsets)
        expect(withoutLines(await collect(model.chat(question(), { signal: forever })))).toEqual(wholeEvents)
      }),
      { numRuns: 40 },
    )
  })

  test('streams a thousand chunks through, in order', async () => {
    const words = Array.from({ length: 1000 }, (_, index) => `${index} `)
    await using started = await start(wire, { steps: [...words.map(wire.text), wire.end()] })
    const { model } = started
    const events = await collect(model.chat(question(), { signal: forever }))
    expect(events.flatMap((event) => (event.type === 'text' ? [event.text] : []))).toEqual(words)
    expect(events.at(-1)).toEqual(end)
  })

  test('gives each piece as soon as it is there', async () => {
    const { promise: seen, resolve } = Promise.withResolvers<void>()
    await using started = await start(wire, { steps: [wire.text('X holds'), { until: seen }, wire.end()] })
    const { model } = started
    const iterator = await begin(model.chat(question(), { signal: forever }))
    resolve() // the end is only sent after the first piece was read
    expect((await iterator.next()).value).toEqual(end)
  })

  test('reads nothing behind the end', async () => {
    await using started = await start(wire, { steps: [wire.end(), wire.text('more'), 'junk\n\n'] })
    const { model } = started
    expect(await collect(model.chat(question(), { signal: forever }))).toEqual([end])
  })

  test('keeps what came with the break of the connection', async () => {
    const steps = [wire.text('X holds') + wire.text(' the'), 'reset'] as const
    await using started = await start(wire, { steps })
    const { model } = started
    const iterator = await begin(model.chat(question(), { signal: forever }))
    await started.upstream.requests[0]?.closed
    expect((await iterator.next()).value).toMatchObject({ text: ' the' })
    await expect(iterator.next()).rejects.toMatchObject({ code: 'LLM_STREAM_CUT' })
  })

  test('takes the connection again', async () => {
    await using started = await start(wire, { steps: [wire.end()] })
    const { model, upstream } = started
    for (let count = 0; count < 3; count++) {
      await collect(model.chat(question(), { signal: forever }))
      await upstream.requests[count]?.answered
      await new Promise((resolve) => setImmediate(resolve)) // the end of the stream has been read
    }
    expect(upstream.requests.map(({ connection }) => connection)).toEqual([0, 0, 0])
  })

  test('keeps the connection of an answer that was left at its end', async () => {
    const { promise: left, resolve } = Promise.withResolvers<void>()
    await using started = await start(wire, { steps: [wire.end(), { until: left }, '\n'] })
    const { model, upstream } = started
    for await (const event of model.chat(question(), { signal: forever })) if (event.type === 'end') break
    await new Promise((go) => setTimeout(go, 30)) // in which a closed socket would show
    resolve()
    const { answered, closed } = await upstream.request()
    expect(await Promise.race([closed.then(() => 'closed'), answered.then(() => 'answered')])).toBe('answered')
  })

  test('does not wait for ever for what comes behind the end', async () => {
    await using started = await start(wire, { steps: [wire.end(), 'hang'] }, { clock: createHastyClock() })
    const { model, upstream } = started
    expect(await collect(model.chat(question(), { signal: forever }))).toEqual([end])
    await (await upstream.request()).closed
  })
})

describe.each([ollamaWire, openAiWire])('$name: a question', (wire) => {
  test('sends one POST of JSON, and the tools only when there are some', async () => {
    await using started = await start(wire, { steps: [wire.end()] })
    const { model, upstream } = started
    await collect(model.chat(question(), { signal: forever }))
    await collect(model.chat(question({ tools: [moveTool] }), { signal: forever }))
    expect(upstream.requests).toMatchObject([
      { method: 'POST', path: wire.path, headers: { 'content-type': 'application/json' } },
      { method: 'POST', path: wire.path },
    ])
    const [without, withTools] = upstream.requests.map(({ body }) => JSON.parse(body))
    expect(without).toMatchObject({ model: 'llama3.2', stream: true })
    expect(without).not.toHaveProperty('tools')
    expect(withTools.tools).toEqual([
      {
        type: 'function',
        function: {
          name: 'ttt_make_move',
          description: 'Place a mark on an empty cell.',
          parameters: {
            type: 'object',
            properties: {
              cell: {
                type: 'integer',
                minimum: 0,
                maximum: 8,
                description: '0 is top left. From 0 to 8.',
                enum: [0, 1, 2, 3, 4, 5, 6, 7, 8],
              },
            },
            required: ['cell'],
          },
        },
      },
    ])
  })
})
