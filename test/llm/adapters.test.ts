import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LanguageModel, ModelEvent, ModelRequest, ModelTool } from '../../src/llm/language-model.ts'
import { createScriptedLanguageModel } from '../../src/scripted/language-model.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { scripted } from '../scripted/_scripted.ts'
import { collect, collectUntilFailure, forever, question, withoutLines } from './_questions.ts'
import { startWith, useRealSockets } from './_started.ts'
import type { Wire } from './_wires.ts'
import { wires } from './_wires.ts'
import { splitAt } from './upstream.ts'

useRealSockets()

const gameId = '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11'
const tool = (name: string): ModelTool => ({ name, description: name, parameters: { type: 'object', properties: {} } })
const tools = [tool('fs.read'), tool('ttt_get_state')]
const asks = (content: string, rest: ModelRequest['rest'] = {}): ModelRequest =>
  question({ tools, rest, messages: [{ role: 'user', content }] })

/** What is asked, in words that a script obeys; the recorded answers say the same whatever is asked. */
const questions = {
  text: asks('Say something.'),
  call: asks('call fs.read {"path":"notes.txt"}'),
  calls: asks(
    `call fs.read {"path":"a.txt"} then call fs.read {"path":"b.txt"} and call ttt_get_state {"gameId":"${gameId}"}`,
  ),
  length: asks('Say something.', { options: { num_predict: 2 } }),
}
type Recording = keyof typeof questions

/** An adapter, and for those over HTTP the answer of its server. */
type Opened = AsyncDisposable & { readonly model: LanguageModel }
type Adapter = { readonly name: string; readonly open: (recording: Recording) => Promise<Opened> }

const recorded = (wire: Wire, recording: string): Buffer =>
  readFileSync(new URL(`../vectors/llm/${wire.name.toLowerCase()}-${recording}.txt`, import.meta.url))

const adapters: readonly Adapter[] = [
  ...wires.map((wire) => ({
    name: wire.name,
    open: (recording: Recording) => startWith({ steps: [recorded(wire, recording)] }, wire.open),
  })),
  {
    name: 'Scripted',
    async open() {
      const model = createScriptedLanguageModel({ model: scripted, newId: randomId, clock: systemClock })
      return { model, [Symbol.asyncDispose]: () => model.close() }
    },
  },
]

const callsIn = (events: readonly ModelEvent[]) =>
  events.flatMap((event) => (event.type === 'call' ? [event.call] : []))
const textIn = (events: readonly ModelEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')

describe.each(adapters)('$name', ({ open }) => {
  const read = async (recording: Recording): Promise<ModelEvent[]> => {
    await using opened = await open(recording)
    return await collect(opened.model.chat(questions[recording], { signal: forever }))
  }

  test.each(Object.keys(questions) as Recording[])('%s: one end, and it is the last', async (recording) => {
    const events = await read(recording)
    expect(events.filter(({ type }) => type === 'end')).toHaveLength(1)
    expect(events.at(-1)?.type).toBe('end')
  })

  test('text comes in pieces', async () => {
    const events = await read('text')
    expect(events.filter(({ type }) => type === 'text').length).toBeGreaterThan(1)
    expect(textIn(events)).toMatch(/\w+ \w+/)
    expect(callsIn(events)).toEqual([])
    expect(events.at(-1)).toMatchObject({ reason: 'stop' })
  })

  test('a call has the name of its tool, its arguments and an id', async () => {
    const calls = callsIn(await read('call'))
    expect(calls).toEqual([{ id: expect.stringMatching(/^\w+$/), name: 'fs.read', arguments: { path: 'notes.txt' } }])
  })

  test('several calls come in order, each with an id of its own', async () => {
    const calls = callsIn(await read('calls'))
    expect(calls.map(({ name, arguments: args }) => [name, args])).toEqual([
      ['fs.read', { path: 'a.txt' }],
      ['fs.read', { path: 'b.txt' }],
      ['ttt_get_state', { gameId }],
    ])
    expect(new Set(calls.map(({ id }) => id)).size).toBe(3)
  })

  test.each(Object.keys(questions) as Recording[])('%s: tokens of both directions are told', async (recording) => {
    const last = (await read(recording)).at(-1)
    expect(last?.type === 'end' && last.usage.promptTokens).toBeGreaterThan(0)
    expect(last?.type === 'end' && last.usage.outputTokens).toBeGreaterThan(0)
  })

  test('an answer cut at the tokens that were allowed says so', async () => {
    expect((await read('length')).at(-1)).toMatchObject({ reason: 'length' })
  })

  test('nothing comes after the signal, and its reason is thrown', async () => {
    const reason = new Error('The caller hung up.')
    const hangUp = new AbortController()
    await using opened = await open('text')
    const events: ModelEvent[] = []
    const reading = async () => {
      for await (const event of opened.model.chat(questions.text, { signal: hangUp.signal })) {
        events.push(event)
        hangUp.abort(reason)
      }
    }
    await expect(reading()).rejects.toBe(reason)
    expect(events).toHaveLength(1)
  })

  test('what it can do is told without a fault, and a ping finds it', async () => {
    await using opened = await open('text')
    await opened.model.ping({ signal: forever })
    expect((await opened.model.capabilities('m', { signal: forever }).catch(() => ({ tools: true }))).tools).not.toBe(
      false,
    )
  })
})

describe.each(wires)('$name: the recorded answer', (wire) => {
  const recordings = Object.keys(questions) as Recording[]
  const told = { ...wire.usage, loadNs: expect.any(Number), promptNs: expect.any(Number), outputNs: expect.any(Number) }

  test('is read to the letter', async () => {
    await using started = await startWith({ steps: [recorded(wire, 'text')] }, wire.open)
    const events = await collect(started.model.chat(questions.text, { signal: forever }))
    expect(textIn(events)).toBe('X holds the centre ⬛ 🦦.')
    expect(events.at(-1)).toMatchObject({ usage: told })
  })

  test('law: where its bytes are split never matters', async () => {
    let steps: readonly Uint8Array[] = []
    await using started = await startWith(async (_, response) => {
      for (const step of steps) await new Promise((resolve) => response.write(step, resolve))
      response.end()
    }, wire.open)
    for (const recording of recordings) {
      const bytes = recorded(wire, recording)
      const read = async (parts: readonly Uint8Array[]) => {
        steps = parts
        return withoutLines(await collect(started.model.chat(questions[recording], { signal: forever })))
      }
      const whole = await read([bytes])
      expect(await read([...bytes].map((byte) => Buffer.of(byte)))).toEqual(whole)
      await fc.assert(
        fc.asyncProperty(fc.array(fc.nat(bytes.length), { maxLength: 6 }), async (offsets) => {
          expect(await read(splitAt(bytes, offsets))).toEqual(whole)
        }),
        { numRuns: 15 },
      )
    }
  })

  test('law: cut anywhere, what comes is the beginning of the whole, and the cut is told', async () => {
    let cut: Uint8Array = new Uint8Array()
    await using started = await startWith(async (_, response) => {
      await new Promise((resolve) => response.write(cut, resolve))
      await new Promise((resolve) => setImmediate(resolve))
      response.socket?.resetAndDestroy()
    }, wire.open)
    const bytes = recorded(wire, 'calls')
    const read = async (end: number) => {
      cut = bytes.subarray(0, end)
      return collectUntilFailure(started.model.chat(questions.calls, { signal: forever }))
    }
    const whole = withoutLines((await read(bytes.length)).events)
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 40 }), async (end) => {
        const { events, failure } = await read(end)
        expect(withoutLines(events)).toEqual(whole.slice(0, events.length))
        const isOver = events.at(-1)?.type === 'end'
        expect(failure).toEqual(isOver ? undefined : expect.objectContaining({ code: expect.stringMatching(/^LLM_/) }))
      }),
      { numRuns: 40 },
    )
  })
})
