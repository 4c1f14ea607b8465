import { describe, expect, test } from 'vitest'
import type { ChatMessage, ModelEvent, ModelRequest } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import { createScriptedLanguageModel } from '../../src/scripted/language-model.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { gameTools, scripted } from './_scripted.ts'

const never = new AbortController().signal
const model = createScriptedLanguageModel({ model: scripted, newId: randomId, clock: systemClock })
const tool = (name: string) => ({ name, description: name, parameters: { type: 'object' } })
const files = [tool('fs.read'), tool('fs.write')]

async function read(content: string, over: Partial<ModelRequest> = {}): Promise<ModelEvent[]> {
  const messages: readonly ChatMessage[] = [{ role: 'user', content }]
  const events: ModelEvent[] = []
  for await (const event of model.chat({ model: 'any', messages, tools: files, rest: {}, ...over }, { signal: never }))
    events.push(event)
  return events
}
const textIn = (events: readonly ModelEvent[]) =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')
const callsIn = (events: readonly ModelEvent[]) =>
  events.flatMap((event) => (event.type === 'call' ? [[event.call.name, event.call.arguments]] : []))

describe('it calls what the user spells out', () => {
  test.each([
    'call fs.write {"path":"a.txt","content":"hi"} then call fs.read {"path":"a.txt"}',
    'call fs_write {"path":"a.txt","content":"hi"}\nand call fs_read {"path":"a.txt"}.',
  ])('%s', async (words) => {
    expect(callsIn(await read(words))).toEqual([
      ['fs.write', { path: 'a.txt', content: 'hi' }],
      ['fs.read', { path: 'a.txt' }],
    ])
  })

  test('nothing that it was not given', async () => {
    expect(callsIn(await read('call shell.run {"command":"rm"}'))).toEqual([])
  })

  test('plays, too, where the tools of a game are there', async () => {
    const tools = gameTools.map(({ function: { name } }) => tool(name))
    expect(callsIn(await read('play a game', { tools }))).toEqual([['ttt_create_game', {}]])
  })
})

test('in the loop the calls run in order, and its words tell what the last one said', async () => {
  const written: string[] = []
  const run = createTurnRunner({ clock: systemClock, observe: { repair: () => {}, refusal: () => {} } })
  const events = run({
    model,
    modelName: 'any',
    messages: [{ role: 'user', content: 'call fs.write {"path":"a.txt"} then call fs.read {"path":"a.txt"}' }],
    rest: {},
    bench: {
      tools: files,
      isWrite: (name) => name === 'fs.write',
      async call(name) {
        written.push(name)
        return { success: true, body: { content: 'hi' } }
      },
    },
    callersTools: [],
    gone: never,
    stop: never,
    isEager: true,
  })
  const said: string[] = []
  for await (const event of events) if (event.type === 'text') said.push(event.text)
  expect(written).toEqual(['fs.write', 'fs.read'])
  expect(said.join('')).toBe('fs.read answers: {"content":"hi"}')
})

describe('without orders', () => {
  test('it says that it is a script, and what it heard', async () => {
    const said = textIn(await read('Tell me   about\notters.'))
    expect(said).toContain('a script and not a language model')
    expect(said).toContain('You said: “Tell me about otters.”')
    expect(textIn(await read('Hello?', { tools: [] }))).toMatch(/no tools here.* You said: “Hello\?”$/)
  })

  test('long words are echoed in brief', async () => {
    const said = textIn(await read('otter '.repeat(500)))
    expect(said.length).toBeLessThan(500)
    expect(said).toMatch(/otter ot…”$/)
  })
})

test('it stops at the tokens that were allowed, and thinks aloud only when asked', async () => {
  const rest = { options: { num_predict: 3 }, think: true }
  const events = await read('Hello.', { rest })
  expect(events.filter(({ type }) => type === 'text')).toHaveLength(3)
  expect(events[0]?.type).toBe('thinking')
  expect(events.at(-1)).toMatchObject({ type: 'end', reason: 'length', isPromptCut: false })
  expect((await read('Hello.')).some(({ type }) => type === 'thinking')).toBe(false)
})

test('tokens are a quarter of the characters', async () => {
  const messages: ChatMessage[] = [{ role: 'user', content: 'call fs.read {"path":"a"}' }]
  const last = (await read('', { messages })).at(-1)
  const promptTokens = Math.ceil(JSON.stringify([messages, files]).length / 4)
  const outputTokens = Math.ceil(JSON.stringify([{ name: 'fs.read', args: { path: 'a' } }]).length / 4)
  expect(last).toMatchObject({ usage: { promptTokens, outputTokens } })
})

test('a signal ends its pauses', async () => {
  const hangUp = new AbortController()
  const reason = new Error('The caller hung up.')
  const slow = createScriptedLanguageModel({ model: scripted, newId: randomId, clock: systemClock, delayMs: 3_600_000 })
  const request = { model: 'any', messages: [{ role: 'user' as const, content: 'Hi.' }], tools: [], rest: {} }
  const first = slow.chat(request, { signal: hangUp.signal })[Symbol.asyncIterator]().next()
  hangUp.abort(reason)
  await expect(first).rejects.toBe(reason)
  await expect(slow.ping({ signal: hangUp.signal })).rejects.toBe(reason)
})
