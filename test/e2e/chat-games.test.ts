import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { Ollama } from 'ollama'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import { drawnMoves, winningMoves } from '../games.ts'
import type { ChatService, Message, Run } from './_chat.ts'
import { doors, generate, metric, readLines, startChat } from './_chat.ts'
import { startedGame } from './_service.ts'

let service: ChatService
beforeAll(async () => {
  service = await startChat()
})
afterAll(() => service.close())

const model = 'otto-scripted'

/** Looks up what an answer tells of a whole game: on the ledger, not in the answer. */
async function assertTrue(text: string): Promise<GameView> {
  const gameId = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(text)?.[0]
  const game = await service.result('ttt_get_state', { gameId })
  expect(game).toMatchObject({ machineState: 'finished', status: expect.stringMatching(/^(?:Won|Draw)$/) })
  expect(text).toContain(game.winner === null ? 'A draw' : `${game.winner} wins`)
  expect(text).toContain(game.boardText)
  expect(text).not.toContain('Correction')
  return game
}

const run = promisify(execFile)

/** What the line of curl in the README does: a stream as it comes, and no more than what comes. */
async function curl(prompt: string): Promise<{ readonly response: string; readonly runs: readonly Run[] }> {
  const body = JSON.stringify({ model, prompt })
  const { stdout } = await run('curl', [
    '-sSN',
    `${service.url}/generate`,
    '-d',
    body,
    '-H',
    'content-type: application/json',
  ])
  const lines = readLines(stdout) as readonly { response?: string; done?: boolean; tool_runs?: readonly Run[] }[]
  expect(lines.filter(({ done }) => done)).toEqual([lines.at(-1)])
  return { response: lines.map(({ response }) => response ?? '').join(''), runs: lines.at(-1)?.tool_runs ?? [] }
}

/** An order that the scripted model obeys in one round. */
const orderOf = (gameId: string, moves: readonly (readonly [string, number])[]): string =>
  moves.map(([player, cell]) => `call ttt_make_move ${JSON.stringify({ gameId, player, cell })}`).join(' and ')

describe('a whole game is played by', () => {
  const asked = (client: string) => [{ role: 'user' as const, content: `Play a game with yourself, says ${client}.` }]

  test('the ollama client, as a stream', async () => {
    const parts = []
    const stream = await new Ollama({ host: service.url }).chat({
      model,
      messages: asked('ollama stream'),
      stream: true,
    })
    for await (const part of stream) parts.push(part)
    expect(parts.filter(({ done }) => done)).toEqual([parts.at(-1)])
    expect(parts.flatMap(({ message }) => message.tool_calls ?? [])).toEqual([])
    await assertTrue(parts.map(({ message }) => message.content).join(''))
  })

  test('the ollama client, in one piece', async () => {
    const { message, done_reason } = await new Ollama({ host: service.url }).chat({ model, messages: asked('ollama') })
    expect([message.tool_calls, done_reason]).toEqual([undefined, 'stop'])
    expect(message.thinking ?? '').not.toContain('wins')
    await assertTrue(message.content)
  })

  test('the openai client, as a stream', async () => {
    const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none', maxRetries: 0 })
    const stream = client.chat.completions.stream({ model, messages: asked('openai stream') })
    const completion = await stream.finalChatCompletion()
    expect(completion.choices[0]).toMatchObject({ finish_reason: 'stop', message: { role: 'assistant' } })
    expect(completion.choices[0]?.message.tool_calls).toBeUndefined()
    await assertTrue(completion.choices[0]?.message.content ?? '')
  })

  test('the openai client, in one piece', async () => {
    const client = new OpenAI({ baseURL: `${service.url}/v1`, apiKey: 'none', maxRetries: 0 })
    const { choices, usage } = await client.chat.completions.create({ model, messages: asked('openai') })
    expect(choices[0]).toMatchObject({ finish_reason: 'stop' })
    expect(usage?.total_tokens).toBeGreaterThan(1_000)
    await assertTrue(choices[0]?.message.content ?? '')
  })

  test('curl -N at /generate, with a report of all that ran', async () => {
    const { response, runs } = await curl('Play a game with yourself, says curl.')
    const { moveHistory } = await assertTrue(response)
    expect(runs.map(({ tool }) => tool)).toEqual([
      'ttt_create_game',
      'ttt_start_game',
      ...moveHistory.map(() => 'ttt_make_move'),
    ])
    expect(runs.filter(({ success, replayed }) => !success || replayed)).toEqual([])
    expect(runs.slice(2).map(({ args: { player, cell } }) => ({ player, cell }))).toEqual(
      moveHistory.map(({ player, cell }) => ({ player, cell })),
    )
  })

  test.each(['native', 'text', 'thinking'])('a model of another kind: %s', async (kind) => {
    const { response, runs } = await generate(service, `Play a game with yourself, says ${kind}.`, {
      model: `otto-scripted:${kind}`,
    })
    const { moveCount } = await assertTrue(response)
    expect(runs.filter(({ success }) => success)).toHaveLength(moveCount + 2)
  })

  test.each(doors)('a user and the model, turn by turn, the game named by nobody ($name)', async ({ name, ask }) => {
    const history: Message[] = []
    const say = async (words: string): Promise<string> => {
      const { text } = await ask(service, { history, words })
      history.push({ role: 'user', content: words }, { role: 'assistant', content: text })
      return text
    }
    await say(`Create a game and start it, I play X, says ${name}.`)
    let text = ''
    for (let turns = 0; turns < 5 && !text.includes('is over'); turns++) {
      // The first cell that is free: its number stands on the board.
      const free = /^ (?:[XO] \| )*(\d)|\n (?:[XO] \| )*(\d)/.exec(text)?.slice(1).find(Boolean) ?? '0'
      text = await say(`Put X on cell ${free}`)
    }
    const { moveHistory, winner } = await assertTrue(text)
    expect(moveHistory.map(({ player }) => player).slice(0, 4)).toEqual(['X', 'O', 'X', 'O'])
    expect(winner).not.toBe('X') // against a model that never errs
  })

  test.each([
    { name: 'won', moves: winningMoves, winner: 'X' },
    { name: 'drawn', moves: drawnMoves, winner: null },
  ])('all its calls in one round: $name', async ({ moves, winner }) => {
    const { gameId } = await startedGame(service)
    const { response, runs } = await curl(orderOf(gameId, moves))
    expect(runs).toHaveLength(moves.length)
    expect(await assertTrue(response)).toMatchObject({ gameId, winner, moveCount: moves.length })
  })
})

describe('"Make move X at cell 4"', () => {
  test.each(doors)('puts X in the centre and says so in words ($name)', async ({ ask }) => {
    const { gameId } = await startedGame(service)
    const before = await metric(service, 'otto_chat_turns_total{finish="stop"}')
    const { text, handed } = await ask(service, { words: `Make move X at cell 4 in game ${gameId}` })
    expect((await service.result('ttt_get_state', { gameId })).board[4]).toBe('X')
    expect(text).toMatch(/^Game .* O is next\./)
    expect(() => JSON.parse(text)).toThrow(SyntaxError)
    expect(handed).toEqual([])
    expect(await metric(service, 'otto_chat_turns_total{finish="stop"}')).toBe(before + 1)
    expect(await metric(service, 'otto_chat_rounds_count')).toBeGreaterThan(0)
  })

  test('at /generate, where the words alone are the answer', async () => {
    const { gameId } = await startedGame(service)
    const { response, runs } = await generate(service, `Make move X at cell 4 in game ${gameId}`)
    expect(response).toMatch(/^Game .* O is next\./)
    expect(runs).toMatchObject([
      { tool: 'ttt_make_move', args: { gameId, player: 'X', cell: 4 }, success: true, result: { turn: 'O' } },
    ])
  })

  test.each([
    { name: 'X-Trace-Id', headers: { 'x-trace-id': 'chat-move-1' }, traceId: 'chat-move-1' },
    {
      name: 'traceparent',
      headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    },
  ])('has one trace id in all its lines of the log ($name)', async ({ headers, traceId }) => {
    const { gameId } = await startedGame(service)
    const before = service.logs.length
    await generate(service, `Make move X at cell 4 in game ${gameId}`, { headers })
    await service.get('/health/live') // its line comes behind all of the chat's
    const lines = service.logs.slice(before).map((line) => JSON.parse(line))
    const mine = lines.filter((line) => line.traceId === traceId)
    expect(mine.map(({ msg }) => msg)).toEqual(expect.arrayContaining(['chat turn', 'tool call', 'request']))
    expect(mine.find(({ tool }) => tool === 'ttt_make_move')).toBeDefined()
    expect(mine.find(({ route }) => route === '/generate')).toBeDefined()
    const others = lines.filter((line) => line.traceId !== traceId && line.route !== '/health/live')
    expect(others).toEqual([])
  })
})
