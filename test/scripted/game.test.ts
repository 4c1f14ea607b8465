import type { Message } from 'ollama'
import { Ollama } from 'ollama'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { ScriptedServer } from '../../src/scripted/server.ts'
import type { Service } from '../e2e/_service.ts'
import { startService } from '../e2e/_service.ts'
import { gameTools, startScripted } from './_scripted.ts'

let service: Service
let server: ScriptedServer
beforeAll(async () => {
  service = await startService()
  server = await startScripted()
})
afterAll(async () => {
  await server.close()
  await service.close()
})

/** Runs what the model calls until it calls no more; gives what it said then, and how many answers that took. */
async function converse(model: string, messages: Message[], rounds = 30): Promise<{ text: string; answers: number }> {
  const ollama = new Ollama({ host: server.url })
  for (let answers = 1; answers <= rounds; answers++) {
    const { message } = await ollama.chat({ model, messages, tools: gameTools })
    messages.push(message)
    if (!message.tool_calls) return { text: message.content, answers }
    for (const { function: call } of message.tool_calls) {
      const { body } = await service.call(call.name, call.arguments)
      const content = JSON.stringify(body.success ? body.result : body)
      messages.push({ role: 'tool', tool_name: call.name, content })
    }
  }
  throw new Error('It never came to an end.')
}

const described = {
  role: 'system',
  content: `To call a tool write {"tool": name, "args": {…}}. Tools: ${gameTools.map((tool) => tool.function.name).join(', ')}`,
}

/** The same with calls written into the text, for a model that takes no tools. */
async function converseInWriting(messages: Message[], rounds = 30): Promise<string> {
  const ollama = new Ollama({ host: server.url })
  for (let answers = 1; answers <= rounds; answers++) {
    const { message } = await ollama.chat({ model: 'otto-scripted:text', messages })
    messages.push(message)
    const [, written] = message.content.match(/^```json\n(.*)\n```$/) ?? []
    if (written === undefined) return message.content
    const { tool, args } = JSON.parse(written)
    const { body } = await service.call(tool, args)
    messages.push({ role: 'user', content: `Result of ${tool}: ${JSON.stringify(body.success ? body.result : body)}` })
  }
  throw new Error('It never came to an end.')
}

const gameOf = (text: string) => text.match(/[0-9a-f-]{36}/)?.[0]

test.each(['latest', 'native', 'thinking'])('%s plays a whole game with itself, and says how it ended', async (tag) => {
  const messages = [{ role: 'user', content: 'Play a game of tic-tac-toe with yourself.' }]
  const { text, answers } = await converse(`otto-scripted:${tag}`, messages)
  const { status, moveCount } = await service.result('ttt_get_state', { gameId: gameOf(text) })
  expect({ status, moveCount }).toEqual({ status: 'Draw', moveCount: 9 }) // two perfect players
  expect(text).toContain('A draw.')
  expect(answers).toBe(12) // create, start, nine moves, a word
})

test('plays a whole game in writing', async () => {
  const text = await converseInWriting([described, { role: 'user', content: 'Play a game with yourself.' }])
  expect(text).toContain('A draw.')
  expect(await service.result('ttt_get_state', { gameId: gameOf(text) })).toMatchObject({ moveCount: 9 })
})

test('takes the moves of its user, and answers them', async () => {
  const messages: Message[] = [{ role: 'user', content: 'Play against me. I am X.' }]
  const { text } = await converse('otto-scripted', messages)
  expect(text).toContain('X is next')
  messages.push({ role: 'user', content: 'Put X in the top left.' })
  await converse('otto-scripted', messages)
  const { board, turn } = await service.result('ttt_get_state', { gameId: gameOf(text) })
  expect({ corner: board[0], centre: board[4], turn }).toEqual({ corner: 'X', centre: 'O', turn: 'X' })
  messages.push({ role: 'user', content: 'Put X in the centre.' })
  const refused = await converse('otto-scripted', messages)
  expect(refused.text).toContain('That cell already holds a mark.')
  expect(refused.text).toContain('X is next')
})
