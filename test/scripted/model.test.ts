import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Call } from '../../src/scripted/conversation.ts'
import { WireMessage } from '../../src/scripted/wire.ts'
import { gameId, gameTools, scripted, view } from './_scripted.ts'

const tools = gameTools.map(({ function: { name } }) => name)
const user = (content: string) => ({ role: 'user', content })
const asks = ({ name, args }: Call) => ({
  role: 'assistant',
  tool_calls: [{ id: 'call_1', function: { name, arguments: args } }],
})
const tells = (content: string) => ({ role: 'tool', tool_call_id: 'call_1', content })
const move = (player: string, cell: number): Call => ({ name: 'ttt_make_move', args: { gameId, player, cell } })
const of = (name: string, args: Call['args'] = { gameId }): Call => ({ name, args })
const answer = (messages: object[], offered: readonly string[] = tools) =>
  scripted.answer({ messages: messages.map((message) => WireMessage.parse(message)), tools: offered })

const known = `The game is ${gameId}. `
const refusal = (code: string) =>
  JSON.stringify({ success: false, error: 'It cannot be done.', code, hint: 'Do something else.' })

describe('a call follows from what was asked and what the tools said', () => {
  test.each([
    { name: 'a game begins', messages: [user('play a game')], calls: [of('ttt_create_game', {})] },
    {
      name: 'a created game is started',
      messages: [
        user('play a game'),
        asks(of('ttt_create_game', {})),
        tells(view({ machineState: 'setup', turn: null })),
      ],
      calls: [of('ttt_start_game')],
    },
    {
      name: 'the perfect answer to a threat is to block it',
      messages: [
        user('play a game'),
        asks(of('ttt_start_game')),
        tells(view({ board: ['X', 'X', null, null, 'O', null, null, null, null], turn: 'O' })),
      ],
      calls: [move('O', 2)],
    },
    { name: 'a move of the user', messages: [user(`${known}Put X in the centre.`)], calls: [move('X', 4)] },
    {
      name: 'a game named by an earlier tool',
      messages: [user('create a game'), tells(view()), user('make move O at cell 8')],
      calls: [move('O', 8)],
    },
    {
      name: 'a game named by the system',
      messages: [{ role: 'system', content: known }, user('cancel the game')],
      calls: [of('ttt_cancel_game')],
    },
    {
      name: 'a move without a mark looks first',
      messages: [user(`${known}take the centre`)],
      calls: [of('ttt_get_state')],
    },
    {
      name: 'and then moves as whose turn it is',
      messages: [user(`${known}take the centre`), asks(of('ttt_get_state')), tells(view({ turn: 'O' }))],
      calls: [move('O', 4)],
    },
    { name: 'going on looks first', messages: [user(`${known}go on`)], calls: [of('ttt_get_state')] },
    {
      name: 'another round resets a game that is over',
      messages: [
        user(`${known}another round`),
        asks(of('ttt_get_state')),
        tells(view({ machineState: 'finished', turn: null, winner: 'X' })),
      ],
      calls: [of('ttt_reset_board')],
    },
    {
      name: 'calls that the user spells out, at once',
      messages: [user(`call ttt_get_state {"gameId":"${gameId}"} and call ttt_create_game`)],
      calls: [of('ttt_get_state'), of('ttt_create_game', {})],
    },
    {
      name: 'in a game of two it answers the move of its user',
      messages: [
        user(`${known}Play against me, I am X`),
        { role: 'assistant', content: 'Your move.' },
        user('X in the centre'),
        asks(move('X', 4)),
        tells(view({ board: [null, null, null, null, 'X', null, null, null, null], turn: 'O' })),
      ],
      calls: [move('O', 0)],
    },
    {
      name: 'a call it got wrong is made again',
      messages: [user(`${known}X at 4`), asks(move('X', 4)), tells(refusal('INVALID_ARGUMENTS'))],
      calls: [move('X', 4)],
    },
    {
      name: 'a call that nobody could read is made again',
      messages: [
        user(`${known}X at 4`),
        { role: 'assistant', content: '{"to' },
        user('Your tool call could not be read.'),
      ],
      calls: [move('X', 4)],
    },
    {
      name: 'a refused move makes it look',
      messages: [user(`${known}X at 4`), asks(move('X', 4)), tells(refusal('INVALID_MOVE'))],
      calls: [of('ttt_get_state')],
    },
    {
      name: 'an answer that is cut off is read as far as it goes',
      messages: [
        user('play a game'),
        asks(of('ttt_start_game')),
        tells(`${view({ board: ['X', 'X', null, 'O', 'O', null, null, null, null] }).slice(0, -20)} [cut]`),
      ],
      calls: [move('X', 2)],
    },
  ])('$name', ({ messages, calls }) => {
    expect(answer(messages)).toMatchObject({ text: '', calls, callsAs: 'calls' })
  })
})

describe('words, and no call', () => {
  const won = view({ machineState: 'finished', status: 'Won', turn: null, winner: 'X' })
  test.each([
    {
      name: 'who won',
      messages: [user('play a game'), asks(move('X', 2)), tells(won)],
      says: `X wins. Game ${gameId} is over.`,
    },
    {
      name: 'a draw',
      messages: [user('play a game'), asks(move('X', 2)), tells(view({ machineState: 'finished', turn: null }))],
      says: 'A draw.',
    },
    {
      name: 'whose turn',
      messages: [user(`${known}show the board`), asks(of('ttt_get_state')), tells(view())],
      says: 'X is next',
    },
    {
      name: 'a refusal and how the game stands',
      messages: [
        user(`${known}X at 4`),
        asks(move('X', 4)),
        tells(refusal('INVALID_MOVE')),
        asks(of('ttt_get_state')),
        tells(view({ turn: 'O' })),
      ],
      says: /That was refused\. It cannot be done\. Do something else\.\n\n.*O is next/,
    },
    {
      name: 'a refusal it can do nothing about',
      messages: [user(`${known}X at 4`), asks(move('X', 4)), tells(refusal('APPROVAL_NEEDED'))],
      says: 'That was refused.',
    },
    {
      name: 'the second refusal of a turn',
      messages: [
        user('play a game'),
        asks(of('ttt_create_game', {})),
        tells(refusal('UNKNOWN_TOOL')),
        asks(of('ttt_create_game', {})),
        tells(refusal('UNKNOWN_TOOL')),
      ],
      says: 'That was refused.',
    },
    { name: 'no game known', messages: [user('put X in the centre')], says: 'Which game?' },
    { name: 'no wish', messages: [user('hello')], says: 'a script and not a language model' },
    {
      name: 'a side task',
      messages: [user('### Task:\nGenerate a title, {"title": "…"}')],
      says: '{"title":"Tic-tac-toe"}',
    },
    {
      name: 'in a game of two the user’s turn',
      messages: [user('Play against me'), asks(of('ttt_start_game')), tells(view())],
      says: 'X is next',
    },
    { name: 'something that is no game', messages: [user('call ttt_get_state'), tells('sunny')], says: 'sunny' },
  ])('$name', ({ messages, says }) => {
    const { text, calls } = answer(messages)
    expect(calls).toEqual([])
    expect(text).toMatch(says)
  })

  test('no tools, no game', () => {
    expect(answer([user('play a game')], []).text).toContain('I was given no tools')
    expect(answer([user('play a game')], ['get_weather']).calls).toEqual([])
  })

  test('a format asks for JSON', () => {
    const messages = [WireMessage.parse(user('anything'))]
    expect(JSON.parse(scripted.answer({ messages, tools, format: 'json' }).text)).toEqual({ answer: 'Tic-tac-toe' })
  })
})

test('tools that a system message describes are called in writing, and their answers read in the user’s name', () => {
  const system = {
    role: 'system',
    content: 'Write {"tool": name, "args": {…}} to call ttt_create_game or ttt_start_game.',
  }
  const first = answer([system, user('play a game')], [])
  expect(first).toMatchObject({ callsAs: 'text', calls: [of('ttt_create_game', {})] })
  const written = { role: 'assistant', content: '```json\n{"tool":"ttt_create_game","args":{}}\n```' }
  const result = user(`The tool says: ${view({ machineState: 'setup', turn: null })}`)
  expect(answer([system, user('play a game'), written, result], [])).toMatchObject({ calls: [of('ttt_start_game')] })
})

test('law: whatever the tools say, a turn ends', () => {
  const said = fc.oneof(
    fc.constantFrom(...['INVALID_MOVE', 'UNKNOWN_TOOL', 'OUTCOME_UNKNOWN', 'WALLET_ERROR'].map(refusal)),
    fc
      .record({ machineState: fc.constantFrom('setup', 'playing', 'finished'), turn: fc.constantFrom('X', 'O', null) })
      .map(view),
    fc.string(),
  )
  const wish = fc.constantFrom(
    'play a game',
    `${known}go on`,
    `${known}play 5 rounds again`,
    `${known}take 4`,
    `${known}start`,
  )
  fc.assert(
    fc.property(wish, fc.infiniteStream(said), (text, answers) => {
      const messages: object[] = [user(text)]
      for (let round = 0; round < 100; round++) {
        const [call] = answer(messages).calls
        if (call === undefined) return
        messages.push(asks(call), tells(answers.next().value))
      }
      throw new Error('It goes on for ever.')
    }),
    { numRuns: 50 },
  )
})
