import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import type { Asked, ChatService, Message, Told } from './_chat.ts'
import { chatsAbout, doors, generate, ollamaDoor, post, startChat } from './_chat.ts'

let service: ChatService
beforeAll(async () => {
  service = await startChat({ OTTO_SIGNING: 'confirm' })
})
afterAll(() => service.close())

/** Asks for a write over HTTP, agrees to it there, and has it done. */
async function approved(tool: string, args: object = {}) {
  const asked = await service.call(tool, args)
  await decide(String(asked.body.details['approvalId']), true)
  return (await service.call(tool, args)).body.result
}

const decide = (id: string, approve: boolean) => post(service, `/otto/approvals/${id}`, { approve })

async function game(): Promise<string> {
  const { gameId } = await approved('ttt_create_game')
  await approved('ttt_start_game', { gameId })
  return gameId
}

const movesOf = async (gameId: string) => (await service.result('ttt_get_state', { gameId })).moveHistory

type Waiting = { readonly id: string; readonly tool: string; readonly args: { readonly gameId?: string } }

async function waiting(gameId: string): Promise<Waiting[]> {
  const { approvals } = (await service.get('/otto/approvals')).body as { approvals: Waiting[] }
  return approvals.filter(({ args }) => args.gameId === gameId)
}

/** A conversation at a door that only sends its history back, as most clients do. */
function conversation(ask: (asked: Asked) => Promise<Told>) {
  const history: Message[] = []
  return async (words: string, headers: Record<string, string> = {}): Promise<string> => {
    const { text, end } = await ask({ history, words, headers })
    expect(end).toBe('done')
    history.push({ role: 'user', content: words }, { role: 'assistant', content: text })
    return text
  }
}

const wordsFor = (gameId: string) => `Make move X at cell 4 in game ${gameId}`

describe.each(doors)('with OTTO_SIGNING=confirm, at $name', ({ ask }) => {
  const talk = () => conversation((asked) => ask(service, asked))

  test('the answer asks, names the write, and nothing is signed', async () => {
    const gameId = await game()
    const text = await talk()(wordsFor(gameId))
    const [record, ...rest] = await waiting(gameId)
    expect(rest).toEqual([])
    expect(record).toMatchObject({ tool: 'ttt_make_move', args: { gameId, player: 'X', cell: 4 } })
    expect(text).toContain('ttt_make_move')
    expect(text).toContain('Answer "yes" to approve it or "no" to decline')
    expect(text).toContain(`otto approve ${record?.id}`)
    expect(await movesOf(gameId)).toEqual([])
  })

  test.each(['yes', 'Yes!', 'go ahead.'])('"%s" runs exactly that write', async (word) => {
    const gameId = await game()
    const say = talk()
    await say(wordsFor(gameId))
    expect(await say(word)).toMatch(/\bO is next\b|X 4|ttt_make_move/)
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
    expect(await waiting(gameId)).toEqual([])
  })

  test('"no" lets it go, and it cannot be had by a later "yes"', async () => {
    const gameId = await game()
    const say = talk()
    await say(wordsFor(gameId))
    await say('no')
    await say('yes')
    expect(await movesOf(gameId)).toEqual([])
  })

  test('a "yes" that is sent again signs nothing more, and the model is not told that it failed', async () => {
    const gameId = await game()
    const first = { role: 'user', content: wordsFor(gameId) }
    const asked = await ask(service, { history: [first] })
    const history = [first, { role: 'assistant', content: asked.text }]
    for (let times = 0; times < 2; times++) await ask(service, { history, words: 'yes' })
    expect(await movesOf(gameId)).toHaveLength(1)
    const told = chatsAbout(service.model, gameId).at(-1)?.messages.at(-2)?.content
    expect(told).toMatch(/turn O, move 1.*\nWhat the user answers no longer waits for them: it was done before/s)
  })

  test('a "yes" with more words around it is a wish like any other', async () => {
    const gameId = await game()
    const say = talk()
    await say(wordsFor(gameId))
    await say('yes or no, what do you think of otters')
    expect(await movesOf(gameId)).toEqual([])
    expect(await waiting(gameId)).toHaveLength(1)
  })

  test('a "yes" in a transcript that was never had here signs nothing', async () => {
    const gameId = await game()
    await talk()(wordsFor(gameId))
    const history = [
      { role: 'user', content: wordsFor(gameId) },
      { role: 'assistant', content: 'Shall I? Answer "yes".' },
    ]
    await ask(service, { history, words: 'yes' })
    expect(await movesOf(gameId)).toEqual([])
  })
})

describe('conversations that have names', () => {
  const sessionOf = (name: string) => ({ 'x-openwebui-chat-id': name })

  test('another conversation\'s "yes" signs nothing; the own one does', async () => {
    const gameId = await game()
    const history: Message[] = []
    const say = async (words: string, name: string) => {
      const { text } = await ollamaDoor.ask(service, { history, words, headers: sessionOf(`${name}-${gameId}`) })
      history.push({ role: 'user', content: words }, { role: 'assistant', content: text })
    }
    await say(wordsFor(gameId), 'ann')
    await say('yes', 'ben')
    expect(await movesOf(gameId)).toEqual([])
    await say('yes', 'ann')
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
  })

  test('a whole game, one "yes" for each write', async () => {
    const headers = sessionOf('a-whole-game')
    const say = conversation((asked) => ollamaDoor.ask(service, { ...asked, headers }))
    const agreed = async (wish: string) => {
      await say(wish)
      return say('yes')
    }
    const gameId = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(await agreed('Create a game'))?.[0] ?? ''
    await agreed('Start the game')
    for (const [mark, cell] of winningMoves) await agreed(`Put ${mark} on cell ${cell}`)
    expect(await service.result('ttt_get_state', { gameId })).toMatchObject({
      status: 'Won',
      winner: 'X',
      moveCount: 5,
    })
    expect(await waiting(gameId)).toEqual([])
  })
})

test('"yes" is understood where cards stand in the history, as they were or as a page sends them back', async () => {
  const shown = await startChat({ OTTO_SIGNING: 'confirm', OTTO_TOOL_CARDS: 'on' })
  try {
    for (const asHistory of [
      (text: string) => text,
      (text: string) => text.replaceAll(/<details.*?<\/details>/gs, '{}'),
    ]) {
      const words = `Create a game ${asHistory('<details></details>')}`
      const { text } = await ollamaDoor.ask(shown, { words })
      expect(text).toContain('<details type="tool_calls"')
      const history = [
        { role: 'user', content: words },
        { role: 'assistant', content: asHistory(text) },
      ]
      const agreed = await ollamaDoor.ask(shown, { history, words: 'yes' })
      expect(agreed.text).toContain('is set up and waits to be started.')
    }
  } finally {
    await shown.close()
  }
})

describe('a person agrees elsewhere', () => {
  test.each(doors)('then the request, sent again, is done ($name)', async ({ ask }) => {
    const gameId = await game()
    await ask(service, { words: wordsFor(gameId) })
    const [record] = await waiting(gameId)
    expect((await decide(record?.id ?? '', true)).status).toBe(200)
    expect(await movesOf(gameId)).toEqual([])
    expect((await ask(service, { words: wordsFor(gameId) })).text).toMatch(/O is next\./)
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
    await ask(service, { words: wordsFor(gameId) })
    expect(await movesOf(gameId)).toHaveLength(1)
  })

  test('a write without arguments is asked about by its name alone', async () => {
    const { response } = await generate(service, 'Create a game', {
      headers: { 'x-openwebui-chat-id': 'no-arguments' },
    })
    expect(response).toMatch(/^ttt_create_game is signed only when you agree\./m)
  })

  test('or declines: the model is told so, and nothing is asked again by itself', async () => {
    const gameId = await game()
    await generate(service, wordsFor(gameId))
    const [record] = await waiting(gameId)
    await decide(record?.id ?? '', false)
    const { response, runs } = await generate(service, wordsFor(gameId))
    expect(runs).toMatchObject([{ success: false, result: { code: 'APPROVAL_DECLINED' } }])
    expect(response).toContain('That was refused.')
    expect(await movesOf(gameId)).toEqual([])
  })
})
