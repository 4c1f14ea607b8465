import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Asked, ChatService } from './_chat.ts'
import { chatsAbout, doors, ollamaDoor, startChat } from './_chat.ts'
import { startedGame } from './_service.ts'

let service: ChatService
beforeAll(async () => {
  service = await startChat()
})
afterAll(() => service.close())

/** What the model was asked first, for a question about a game of its own. */
async function upstream(ask: (typeof ollamaDoor)['ask'], asked: Asked = {}) {
  const { gameId } = await startedGame(service)
  await ask(service, { words: `Show the board of game ${gameId}`, ...asked })
  const [body] = chatsAbout(service.model, gameId)
  if (body === undefined) throw new Error('The model was not asked.')
  return { body, gameId }
}

const rules = 'Every change of a game is a tool call'

describe.each(doors)('what the model is told, at $name', ({ ask }) => {
  test('who it is, where the caller does not say', async () => {
    const { body } = await upstream(ask)
    const systems = body.messages.filter(({ role }) => role === 'system').map(({ content }) => content)
    expect(systems[0]).toMatch(/^You are Otto the Otter/)
    expect(systems[0]).toContain(rules)
  })

  test("the caller's own system prompt, with the part about tools behind it", async () => {
    const history = [{ role: 'system', content: 'You are a pirate.' }]
    const { body } = await upstream(ask, { history })
    expect(body.messages[0]?.content).toMatch(/^You are a pirate\.\n\n/)
    expect(body.messages[0]?.content).toContain(rules)
    expect(JSON.stringify(body.messages)).not.toContain('Otter')
  })

  test('how the game stands now, right before the last word of the user', async () => {
    const { body, gameId } = await upstream(ask)
    expect(body.messages.at(-1)?.role).toBe('user')
    expect(body.messages.at(-2)).toMatchObject({
      role: 'system',
      content: expect.stringMatching(new RegExp(`^The ledger as of snapshot \\d+: game ${gameId}, playing.*turn X`)),
    })
  })

  test('six tools, in 500 to 1,100 tokens, without the key that the service makes itself', async () => {
    const { body } = await upstream(ask)
    expect(body.tools?.map((tool) => tool.function.name)).toEqual([
      'ttt_create_game',
      'ttt_start_game',
      'ttt_make_move',
      'ttt_get_state',
      'ttt_reset_board',
      'ttt_cancel_game',
    ])
    const tokens = JSON.stringify(body.tools).length / 4
    expect(tokens).toBeGreaterThan(500)
    expect(tokens).toBeLessThan(1_100)
    expect(JSON.stringify(body.tools)).not.toContain('idempotencyKey')
  })
})

describe('the size of the context', () => {
  test.each([
    { name: 'ours where the caller names none', rest: {}, options: { num_ctx: 8_192 } },
    { name: 'ours beside other wishes', rest: { options: { seed: 7 } }, options: { num_ctx: 8_192, seed: 7 } },
    { name: "the caller's, also a smaller one", rest: { options: { num_ctx: 4_096 } }, options: { num_ctx: 4_096 } },
  ])('is $name', async ({ rest, options }) => {
    expect((await upstream(ollamaDoor.ask, { rest })).body.options).toEqual(options)
  })

  test.each(doors)('is too small for the conversation: the answer says so ($name)', async ({ ask }) => {
    const history = [
      { role: 'user', content: 'once upon a time '.repeat(3_000) },
      { role: 'assistant', content: 'That was long.' },
    ]
    const { text, end } = await ask(service, { history, words: 'hello' })
    expect(end).toBe('done')
    expect(text).toMatch(
      /Note: this conversation fills the context of the model; it may have forgotten the beginning\.$/,
    )
    expect((await ask(service, { words: 'hello' })).text).not.toContain('Note:')
  })
})

test('other wishes of the caller go to the model as they came', async () => {
  const rest = { options: { temperature: 0.1, stop: ['END'] }, keep_alive: '30m', think: false }
  const { body } = await upstream(ollamaDoor.ask, { rest })
  expect(body).toMatchObject({ keep_alive: '30m', think: false, options: { temperature: 0.1, stop: ['END'] } })
})
