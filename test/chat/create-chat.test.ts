import { expect, test } from 'vitest'
import { z } from 'zod'
import type { ChatCaller, ChatRequest } from '../../src/chat/chat.ts'
import { createChat } from '../../src/chat/create-chat.ts'
import { silentLog } from '../../src/core/log.ts'
import type { ChatMessage } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import { OutcomeUnknownError } from '../../src/tictactoe/errors.ts'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'
import { call, collect, end, said, scriptedModel, text } from '../llm/_scripted.ts'
import { memoryKeys } from '../records.ts'
import { openApprovals } from '../tools/open-approvals.ts'
import { gameId, viewOf } from './_views.ts'

/** A chat over a catalogue with one game, whose moves all succeed; `played` holds each with its request key. */
async function world(
  lines: Parameters<typeof scriptedModel>[0],
  { confirm = false, loses = false, processId = '', decides = true } = {},
) {
  const clock = createVirtualClock()
  const played: { readonly cell: number; readonly key: string | undefined }[] = []
  const corrections: string[] = []
  let view: GameView = viewOf('playing')
  let ids = 0
  const newId = () => `00000000-0000-4000-8000-${String(++ids).padStart(12, '0')}`
  const approvals = confirm ? (await openApprovals({ clock, newId })).approvals : undefined
  const Any = z.looseObject({})
  const read = defineTool({
    name: 'ttt_get_state',
    origin: 'game',
    summary: 'Read.',
    effect: 'read',
    input: z.strictObject({ gameId: z.string() }),
    output: Any,
    run: async () => ({ result: view }),
  })
  const move = defineTool({
    name: 'ttt_make_move',
    origin: 'game',
    summary: 'Move.',
    effect: 'write',
    input: z.strictObject({
      gameId: z.string(),
      player: z.string(),
      cell: z.int(),
      idempotencyKey: z.string().optional(),
    }),
    output: Any,
    async run({ cell }, { requestKey, onSubmitting }: Caller) {
      onSubmitting()
      played.push({ cell, key: requestKey })
      if (loses) throw new OutcomeUnknownError({ gameId })
      view = viewOf(`playing X${cell}`)
      return { result: view }
    },
  })
  const model = scriptedModel(lines)
  const observe = {
    repair: () => {},
    refusal: () => {},
    turn: () => {},
    correction: (kind: string) => void corrections.push(kind),
  }
  const chat = createChat({
    model,
    defaultModel: 'm',
    tools: createToolBus({
      keys: memoryKeys(),
      tools: [read, move],
      clock,
      deadlineMs: 30_000,
      log: silentLog,
      approvals,
    }),
    approvals,
    mayDecide: () => decides,
    persona: { name: 'otto', system_prompt: 'You are Otto.' },
    runTurn: createTurnRunner({ clock, observe }),
    clock,
    newId: () => processId,
    log: silentLog,
    observe,
  })
  const turn = (messages: readonly ChatMessage[], more: Partial<ChatCaller & ChatRequest> = {}) => {
    const caller = { traceId: 't', principal: 'p', gone: new AbortController().signal, ...more }
    const request = { model: 'm', messages, tools: [], mode: 'run' as const, rest: {}, ...more }
    return collect(chat.turn(request, caller)) // nothing in it waits for time; approvals wait for a database
  }
  return { model, played, corrections, turn, clock, chat }
}

const user = (content: string): ChatMessage => ({ role: 'user', content })
const assistant = (content: string): ChatMessage => ({ role: 'assistant', content })
const x4 = call('ttt_make_move', { gameId, player: 'X', cell: 4 })
const words = [text('Done.'), end()]
const systemOf = (messages: readonly ChatMessage[] | undefined) =>
  (messages ?? []).filter(({ role }) => role === 'system').map(({ content }) => content)

test('the persona goes first, the board right before the last user message', async () => {
  const { turn, model } = await world([words])
  await turn([user('Hello.'), assistant('Hi.'), user(`How is game ${gameId}?`)])
  const messages = model.requests[0]?.messages ?? []
  expect(messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'system', 'user'])
  expect(messages[0]?.content).toContain('You are Otto.')
  expect(messages[3]?.content).toContain(gameId)
})

test("a caller's own system prompt stays, and the rules of the tools are added", async () => {
  const { turn, model } = await world([words])
  await turn([{ role: 'system', content: 'You are a pirate.' }, user('Hello.')])
  const [first] = systemOf(model.requests[0]?.messages)
  expect(first).toMatch(/^You are a pirate\./)
  expect(first).not.toContain('You are Otto.')
  expect(first).toContain('tool')
})

test('the game of a conversation is found again by what was said, or by the name of the session', async () => {
  const { turn, model } = await world([[x4, end()], words, words, words, words])
  const first = [user(`Play X in the middle of ${gameId}.`)]
  const answer = said(await turn(first))
  await turn([...first.map(() => user('Play X in the middle.')), assistant(answer), user('And now?')])
  expect(systemOf(model.requests[2]?.messages)).toHaveLength(1)
  await turn([...first, assistant(answer), user('And now?')])
  expect(systemOf(model.requests[3]?.messages)[1]).toContain(gameId)
})

test('a session is known by its name alone', async () => {
  const { turn, model } = await world([[x4, end()], words, words, words])
  await turn([user(`Play X in the middle of ${gameId}.`)], { sessionId: 's' })
  await turn([user('And now?')], { sessionId: 's' })
  expect(systemOf(model.requests[2]?.messages)[1]).toContain(gameId)
  await turn([user('And now?')], { sessionId: 'other' })
  expect(systemOf(model.requests[3]?.messages)).toHaveLength(1)
})

test('a retry, a regenerate and a second door sign once; another conversation, session or caller signs anew', async () => {
  const again = [[x4, end()], words]
  const { turn, played } = await world([...again, ...again, ...again, ...again, ...again].flatMap((line) => [line]))
  const messages = [user(`Play X in the middle of ${gameId}.`)]
  const first = await turn(messages)
  const retry = await turn(messages)
  expect(played).toHaveLength(1)
  expect(first.at(-1)).toMatchObject({ runs: [{ success: true }] })
  expect(retry.at(-1)).toMatchObject({ runs: [{ success: true, replayed: true }] })
  await turn([user('Hello.'), assistant('Hi.'), ...messages])
  await turn(messages, { sessionId: 's' })
  await turn(messages, { principal: 'q' })
  expect(new Set(played.map(({ key }) => key)).size).toBe(4)
})

test('words without a name say another thing to another process; a session and a key stay what they are', async () => {
  const keyIn = async (named: object, processId: string) => {
    const { turn, played } = await world([[x4, end()], words], { processId })
    await turn([user(`Play X in the middle of ${gameId}.`)], named)
    return played[0]?.key
  }
  expect(await keyIn({}, 'one')).not.toBe(await keyIn({}, 'other'))
  for (const named of [{ sessionId: 's' }, { idempotencyKey: 'k' }])
    expect(await keyIn(named, 'one')).toBe(await keyIn(named, 'other'))
})

test('ten minutes later the same words without a session are a new wish', async () => {
  const { turn, played, clock } = await world([[x4, end()], words, [x4, end()], words])
  const messages = [user(`Play X in the middle of ${gameId}.`)]
  await turn(messages)
  await clock.run(clock.sleep(600_001))
  await turn(messages)
  expect(played).toHaveLength(2)
})

test('a lone prompt that was answered is a new wish when it comes again', async () => {
  const lines = [[x4, end()], words]
  const { turn, played } = await world([...lines, ...lines, ...lines])
  const messages = [user(`Play X in the middle of ${gameId}.`)]
  await turn(messages, { isOneShot: true })
  await turn(messages, { isOneShot: true })
  expect(played).toHaveLength(2)
  await turn(messages, { isOneShot: true, idempotencyKey: 'k' })
  expect(played).toHaveLength(3)
})

test('a lone prompt whose asker hung up is a retry when it comes again', async () => {
  const gone = new AbortController()
  const hangUp = () => {
    gone.abort(new Error('hung up'))
    return [text('…')]
  }
  const { turn, played } = await world([[x4, end()], hangUp, [x4, end()], words])
  const messages = [user(`Play X in the middle of ${gameId}.`)]
  await expect(turn(messages, { isOneShot: true, gone: gone.signal })).rejects.toThrow('hung up')
  const again = await turn(messages, { isOneShot: true })
  expect(played).toHaveLength(1)
  expect(again.at(-1)).toMatchObject({ runs: [{ replayed: true }] })
})

test("the caller's own key decides, whatever else was said", async () => {
  const { turn, played } = await world([[x4, end()], words, [x4, end()], words])
  await turn([user(`Play X in the middle of ${gameId}.`)], { idempotencyKey: 'k' })
  await turn([user(`Please play X in the middle of ${gameId}.`)], { idempotencyKey: 'k' })
  expect(played).toHaveLength(1)
})

test('a claim without a confirmed move is corrected in the answer, and counted', async () => {
  const { turn, corrections } = await world([[text('I placed X in the centre.'), end()]])
  const events = await turn([user(`Play X in the middle of ${gameId}.`)])
  expect(said(events)).toContain('Correction:')
  expect(events.filter(({ type }) => type === 'end')).toHaveLength(1)
  expect(corrections).toEqual(['move'])
})

test('a claim about a move whose fate nobody knows is neither let pass nor denied', async () => {
  const { turn, corrections } = await world(
    [
      [x4, end()],
      [text('I placed X in the centre.'), end()],
    ],
    { loses: true },
  )
  const told = said(await turn([user(`Play X in the middle of ${gameId}.`)]))
  expect(told).toContain('Correction: it is not known yet what became of ttt_make_move')
  expect(told).not.toContain('no move was made')
  expect(told).not.toContain('The ledger shows') // what it showed before may be the past
  expect(corrections).toEqual(['move'])
})

test('a claim that the ledger holds is left alone', async () => {
  const { turn } = await world([
    [x4, end()],
    [text('I placed X in the centre.'), end()],
  ])
  expect(said(await turn([user(`Play X in the middle of ${gameId}.`)]))).toBe('I placed X in the centre.')
})

test.each(['off', 'client'] as const)('with tools %s nothing is added, offered, run or corrected', async (mode) => {
  const { turn, model, played } = await world([[text('I placed X in the centre.'), end()]])
  const theirs = { name: 'ttt_make_move', description: 'Theirs.', parameters: {} }
  const events = await turn([user('Play.')], { mode, tools: [theirs] })
  expect(said(events)).toBe('I placed X in the centre.')
  expect(model.requests[0]).toMatchObject({ messages: [user('Play.')], tools: [theirs] })
  expect(played).toEqual([])
})

test('a tool of the caller with one of our names is not offered twice', async () => {
  const { turn, model } = await world([words])
  await turn([user('Play.')], { tools: [{ name: 'ttt_make_move', description: 'Theirs.', parameters: {} }] })
  expect(model.requests[0]?.tools.map(({ name }) => name)).toEqual(['ttt_get_state', 'ttt_make_move'])
  expect(JSON.stringify(model.requests[0]?.tools)).not.toContain('idempotencyKey')
})

const asks = [user(`Play X in the middle of ${gameId}.`)]

test('a write that waits is asked for; yes runs exactly it, once', async () => {
  const { turn, played } = await world([[x4, end()], words, words], { confirm: true })
  const question = said(await turn(asks))
  expect(question).toMatch(/^ttt_make_move/) // no gap before the first words
  expect(question).toContain('Answer "yes"')
  expect(question).toContain('otto approve 00000000-0000-4000-8000-000000000001')
  expect(played).toEqual([])
  const yes = [...asks, assistant(question), user('Yes!')]
  const events = await turn(yes)
  expect(played.map(({ cell }) => cell)).toEqual([4])
  expect(events.find(({ type }) => type === 'result')).toMatchObject({ run: { tool: 'ttt_make_move', success: true } })
  await turn(yes) // a retry
  expect(played).toHaveLength(1)
})

test.each([
  { name: 'no', reply: 'no', told: 'declined' },
  { name: 'something else', reply: 'yes but in the corner', told: undefined },
])('$name runs nothing', async ({ reply, told }) => {
  const { turn, played, model } = await world([[x4, end()], words], { confirm: true })
  const question = said(await turn(asks))
  await turn([...asks, assistant(question), user(reply)])
  expect(played).toEqual([])
  if (told) expect(systemOf(model.requests[1]?.messages).join()).toContain(told)
})

test('the yes of another conversation approves nothing', async () => {
  const { turn, played } = await world([[x4, end()], words, words], { confirm: true })
  await turn(asks, { sessionId: 's' })
  await turn([user('yes')], { sessionId: 'other' })
  await turn([user('yes')])
  expect(played).toEqual([])
})

test('the yes of who may not decide approves nothing, and is told so', async () => {
  const { turn, played, model } = await world([[x4, end()], words], { confirm: true, decides: false })
  const question = said(await turn(asks))
  await turn([...asks, assistant(question), user('yes')])
  expect(played).toEqual([])
  expect(systemOf(model.requests[1]?.messages).join()).toContain('may not decide')
})

test('a yes that comes too late is told so', async () => {
  const { turn, played, model, clock } = await world([[x4, end()], words], { confirm: true })
  const question = said(await turn(asks))
  await clock.run(clock.sleep(11 * 60_000))
  await turn([...asks, assistant(question), user('yes')])
  expect(played).toEqual([])
  expect(systemOf(model.requests[1]?.messages).join()).toContain('expired')
})

test('a chat that is told to stop says so', async () => {
  const { turn, chat } = await world([])
  chat.stop()
  expect(said(await turn([user('Play.')]))).toContain('The service is stopping.')
})
