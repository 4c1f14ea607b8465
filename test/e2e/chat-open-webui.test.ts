import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ChatService, Message } from './_chat.ts'
import { chatsAbout, ollamaDoor, post, readLines, startChat } from './_chat.ts'
import { startedGame } from './_service.ts'

let service: ChatService
const agent = new Agent()
beforeAll(async () => {
  service = await startChat()
})
afterAll(async () => {
  await service.close()
  await agent.close()
})

/** What the page sends with each chat when it forwards who its user is. */
const headersOf = (chatId: string) => ({
  'x-openwebui-user-name': 'Ann%20Otter',
  'x-openwebui-user-id': '3f0c2d7e-0000-4000-8000-000000000001',
  'x-openwebui-user-email': 'ann@example.org',
  'x-openwebui-user-role': 'user',
  'x-openwebui-chat-id': chatId,
})

/** Tools that the page brings along although nobody chose any. @see Open WebUI, native function calling */
const builtin = ['get_current_timestamp', 'search_web', 'add_memory'].map((name) => ({
  type: 'function',
  function: { name, description: `${name} of the page.`, parameters: { type: 'object', properties: {} } },
}))

const model = 'otto-scripted:latest'

/** Earlier answers as the page sends them back: a card is replaced by the text of its result. */
const asHistory = (text: string): string =>
  text.replaceAll(/<details [^>]*?\bresult="([^"]*)"[^>]*>.*?<\/details>/gs, (_, result: string) =>
    result.replaceAll(/&quot;|&lt;|&gt;|&#39;|&amp;/g, (entity) => entities[entity] ?? entity),
  )
const entities: Record<string, string> = { '&quot;': '"', '&lt;': '<', '&gt;': '>', '&#39;': "'", '&amp;': '&' }

const chat = (chatId: string, messages: readonly Message[]) =>
  post(service, '/api/chat', { model, messages, stream: true, tools: builtin, options: {} }, headersOf(chatId))

const contentOf = (body: string): string =>
  readLines(body)
    .map(({ message }) => message?.content ?? '')
    .join('')

test('a page is connected, finds its model, and holds a conversation about one game', async () => {
  // The button that verifies, the list of models, what is loaded.
  const { version } = (await service.get('/api/version')).body as { version: string }
  expect(version).toMatch(/^\d+\.\d+\.\d+$/)
  const { models } = (await service.get('/api/tags')).body as { models: { name: string; model: string }[] }
  expect(models.map((entry) => entry.model)).toContain(model)
  expect(await service.get('/api/ps')).toMatchObject({ status: 200, body: { models: expect.any(Array) } })

  // A chat: cards show what ran, and no call of ours leaks into it.
  const { gameId } = await startedGame(service)
  const chatId = `chat-${gameId}`
  const first = { role: 'user', content: `Make move X at cell 4 in game ${gameId}` }
  const answer = await chat(chatId, [first])
  expect([answer.status, answer.contentType]).toEqual([200, 'application/x-ndjson'])
  expect(readLines(answer.body).flatMap(({ message }) => message?.tool_calls ?? [])).toEqual([])
  const text = contentOf(answer.body)
  expect(text).toMatch(
    /<details type="tool_calls" done="true" id="[^"]+" name="ttt_make_move" arguments="[^"]+" result="/,
  )
  expect(chatsAbout(service.model, gameId)[0]?.tools?.map((tool) => tool.function.name)).toEqual(
    expect.arrayContaining(['get_current_timestamp', 'ttt_make_move', 'ttt_cancel_game']),
  )

  // Beside the chat: a title, which wants no tools and is nobody's business but the model's.
  const title = `{ "model":"${model}","stream" :false, "messages":[{"role":"user","content":"### Task:\\nGenerate a title for ${gameId}. \\"title\\""}]}`
  const titled = await post(service, '/api/chat', title, headersOf(chatId))
  expect(service.model.requests.at(-1)?.body).toBe(title)
  expect(JSON.parse(JSON.parse(titled.body).message.content)).toEqual({ title: 'Tic-tac-toe' })

  // The next turn names no game and goes on with the same one.
  const history = [first, { role: 'assistant', content: asHistory(text) }]
  const next = await chat(chatId, [...history, { role: 'user', content: 'Put O in the top left' }])
  expect(contentOf(next.body)).toMatch(/X is next\./)
  expect(await service.result('ttt_get_state', { gameId })).toMatchObject({
    board: ['O', null, null, null, 'X', null, null, null, null],
  })
  const asked = chatsAbout(service.model, gameId).find(({ messages }) => messages.at(-1)?.content.startsWith('Put O'))
  expect(asked?.messages.at(-2)).toMatchObject({
    role: 'system',
    content: expect.stringMatching(new RegExp(`game ${gameId}, playing, InProgress, turn O, move 1`)),
  })
  expect(asked?.messages.filter(({ content }) => content.startsWith('The ledger as of'))).toHaveLength(1)
  expect(asked?.messages.some(({ content }) => content.includes('<details'))).toBe(false)

  // The button that unloads.
  const loaded = (await service.get('/api/ps')).body as { models: { model: string; expires_at: string }[] }
  expect(loaded.models.find((entry) => entry.model === model)?.expires_at).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  const unloaded = await post(service, '/api/generate', { model, keep_alive: 0, prompt: '' })
  expect(JSON.parse(unloaded.body)).toMatchObject({ done: true, done_reason: 'unload' })
  const left = (await service.get('/api/ps')).body as { models: { model: string }[] }
  expect(left.models.map((entry) => entry.model)).not.toContain(model)
})

describe("the page's own tools", () => {
  test('are handed over once, and the turn after their result plays on', async () => {
    const { gameId } = await startedGame(service)
    const asked = { role: 'user', content: `call get_current_timestamp {"zone":"UTC"} for game ${gameId}` }
    const { body } = await chat(`chat-${gameId}`, [asked])
    const calls = readLines(body).flatMap(({ message }) => message?.tool_calls ?? [])
    expect(calls).toMatchObject([{ function: { name: 'get_current_timestamp', arguments: { zone: 'UTC' } } }])
    const [call] = calls
    // The page sends the id alone; models of small servers want the name.
    const history = [
      asked,
      { role: 'assistant', content: '', tool_calls: calls },
      { role: 'tool', tool_call_id: call?.id, content: '2026-11-21T09:00:00Z' },
    ]
    const { body: answered } = await chat(`chat-${gameId}`, history)
    expect(contentOf(answered)).toContain('get_current_timestamp answers: 2026-11-21T09:00:00Z')
    const told = chatsAbout(service.model, gameId).at(-1)?.messages.at(-1)
    expect(told).toMatchObject({ role: 'tool', tool_name: 'get_current_timestamp', tool_call_id: call?.id })
  })

  test('an empty list of them is none', async () => {
    const { gameId } = await startedGame(service)
    await ollamaDoor.ask(service, { words: `Make move X at cell 4 in game ${gameId}`, rest: { tools: [] } })
    expect(chatsAbout(service.model, gameId)[0]?.tools).toHaveLength(6)
    expect((await service.result('ttt_get_state', { gameId })).moveCount).toBe(1)
  })
})

describe('other chats of a page', () => {
  test('know nothing of this one', async () => {
    const { gameId } = await startedGame(service)
    await chat(`chat-${gameId}`, [{ role: 'user', content: `Show the board of game ${gameId}` }])
    const { body } = await chat(`other-${gameId}`, [{ role: 'user', content: 'Put X in the centre' }])
    expect(contentOf(body)).toContain('Which game?')
    expect((await service.result('ttt_get_state', { gameId })).moveCount).toBe(0)
  })

  test('a chat goes on where it was stopped', async () => {
    const chatId = 'stopped-in-the-middle'
    const create = { role: 'user', content: 'Create a game and start it' }
    const stopping = new AbortController()
    const stopped = await request(`${service.url}/api/chat`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-trace-id': 'stopped-turn', ...headersOf(chatId) },
      body: JSON.stringify({ model, messages: [create] }),
      dispatcher: agent,
      signal: stopping.signal,
    })
    let seen = ''
    const reading = (async () => {
      for await (const chunk of stopped.body) {
        seen += String(chunk)
        if (seen.includes('ttt_create_game')) stopping.abort()
      }
    })()
    await expect(reading).rejects.toThrow()
    await vi.waitFor(() => expect(service.logs.join('')).toMatch(/"traceId":"stopped-turn".*"chat turn"/), 4_000)
    const history = [create, { role: 'assistant', content: '' }]
    const { body } = await chat(chatId, [...history, { role: 'user', content: 'Show the board' }])
    expect(contentOf(body)).toMatch(/^\s*<details .*ttt_get_state/s)
  })

  test('who shows no header of a page gets words instead of cards', async () => {
    const { gameId } = await startedGame(service)
    const told = await ollamaDoor.ask(service, { words: `Make move X at cell 4 in game ${gameId}` })
    expect(told.text).not.toContain('<details')
    expect(told.thinking).toBe('ttt_make_move X 4 → InProgress\n')
  })
})
