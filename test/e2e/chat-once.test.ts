import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatService, Message } from './_chat.ts'
import { doors, generate, metric, ollamaDoor, openAiDoor, startChat } from './_chat.ts'
import { startedGame } from './_service.ts'

let service: ChatService
beforeAll(async () => {
  service = await startChat()
})
afterAll(() => service.close())

const wordsFor = (gameId: string) => `Make move X at cell 4 in game ${gameId}`

const movesOf = async (gameId: string) => (await service.result('ttt_get_state', { gameId })).moveHistory

/** How often something was signed, and how often something was handed to the ledger, while `work` ran. */
async function countWrites(work: () => Promise<unknown>): Promise<{ signed: number; submitted: number }> {
  const count = async () => ({
    signed: await metric(service, 'otto_sign_seconds_count'),
    submitted: await metric(service, 'otto_ledger_seconds_count{operation="submit",outcome="queued"}'),
  })
  const before = await count()
  await work()
  const after = await count()
  return { signed: after.signed - before.signed, submitted: after.submitted - before.submitted }
}

const once = { signed: 1, submitted: 1 }

describe('the same wish again is one signature', () => {
  test.each(doors)('as a retry of the whole request ($name)', async ({ ask }) => {
    const { gameId } = await startedGame(service)
    const asked = { words: wordsFor(gameId), stream: false }
    const texts: string[] = []
    const writes = await countWrites(async () => {
      for (let times = 0; times < 3; times++) texts.push((await ask(service, asked)).text)
    })
    expect(writes).toEqual(once)
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
    expect(texts).toEqual(texts.map(() => expect.stringMatching(/^Game .* O is next\./)))
  })

  test('as a retry at /generate under a key, which says that it is told again', async () => {
    const { gameId } = await startedGame(service)
    const headers = { 'idempotency-key': `generate-${gameId}` }
    const runs: unknown[] = []
    const writes = await countWrites(async () => {
      for (let times = 0; times < 2; times++)
        runs.push(...(await generate(service, wordsFor(gameId), { headers })).runs)
    })
    expect(writes).toEqual(once)
    expect(runs).toMatchObject([{ success: true }, { success: true, replayed: true, result: { moveCount: 1 } }])
    expect(runs[0]).not.toHaveProperty('replayed')
  })

  test('as a "regenerate" late in a conversation that has a name', async () => {
    const { gameId } = await startedGame(service)
    const headers = { 'x-openwebui-chat-id': `chat-${gameId}` }
    const history = [
      { role: 'user', content: `Show the board of game ${gameId}` },
      { role: 'assistant', content: 'Here it is.' },
    ]
    const asked = { history, words: 'Make move X at cell 4', headers }
    const writes = await countWrites(async () => {
      await ollamaDoor.ask(service, { history: [], words: history[0]?.content ?? '', headers })
      await ollamaDoor.ask(service, asked)
      await ollamaDoor.ask(service, { ...asked, rest: { options: { seed: 2 } } })
    })
    expect(writes).toEqual(once)
    expect(await movesOf(gameId)).toHaveLength(1)
  })

  test('by two doors and twice at once', async () => {
    const { gameId } = await startedGame(service)
    const asked = { words: wordsFor(gameId) }
    const texts: string[] = []
    const writes = await countWrites(async () => {
      const answers = [ollamaDoor, openAiDoor, ollamaDoor].map(({ ask }) => ask(service, asked))
      const [{ response }, ...told] = await Promise.all([generate(service, asked.words), ...answers])
      texts.push(response, ...told.map(({ text }) => text))
    })
    expect(writes).toEqual(once)
    expect(texts).toEqual(Array(4).fill(expect.stringMatching(/^Game .* O is next\./)))
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
  })

  test('under a key of the caller, whatever the words around it are', async () => {
    const { gameId } = await startedGame(service)
    const headers = { 'idempotency-key': `key-${gameId}` }
    const writes = await countWrites(async () => {
      await ollamaDoor.ask(service, { words: wordsFor(gameId), headers })
      await ollamaDoor.ask(service, { words: `Please. ${wordsFor(gameId)}`, headers })
    })
    expect(writes).toEqual(once)
  })

  test('a game that is made: the retry is told of the same one', async () => {
    const prompt = 'Create a game for the retry'
    const made: unknown[] = []
    for (let times = 0; times < 2; times++) {
      const { runs } = await generate(service, prompt, { headers: { 'idempotency-key': 'one-game' } })
      made.push(...runs.map(({ result }) => result['gameId']))
    }
    expect(made).toHaveLength(2)
    expect(new Set(made).size).toBe(1)
  })
})

describe('another wish is another signature', () => {
  test('a lone prompt that was answered to its end, sent again', async () => {
    const made: unknown[] = []
    for (let times = 0; times < 2; times++)
      made.push(
        ...(await generate(service, 'Create a game, each time anew')).runs.map(({ result }) => result['gameId']),
      )
    expect(new Set(made).size).toBe(2)
  })

  test('the same words in two conversations that have names', async () => {
    const made = await Promise.all(
      ['one', 'other'].map((name) =>
        generate(service, 'Create a game in a conversation', { headers: { 'x-openwebui-chat-id': name } }),
      ),
    )
    expect(new Set(made.flatMap(({ runs }) => runs.map(({ result }) => result['gameId']))).size).toBe(2)
  })

  test.each(doors)('the same cell in the next round ($name)', async ({ ask }) => {
    const { gameId } = await startedGame(service)
    const history: Message[] = []
    const say = async (words: string) => {
      const { text } = await ask(service, { history, words })
      history.push({ role: 'user', content: words }, { role: 'assistant', content: text })
    }
    await say(wordsFor(gameId))
    await say('Continue and finish this game with both sides')
    await say('Reset the board')
    await say(wordsFor(gameId))
    expect(await service.result('ttt_get_state', { gameId })).toMatchObject({
      roundCount: 1,
      moveHistory: [{ player: 'X', cell: 4 }],
    })
  })

  test('the same cell of two games in one turn', async () => {
    const games = [await startedGame(service), await startedGame(service)]
    const orders = games.map(({ gameId }) => `call ttt_make_move ${JSON.stringify({ gameId, player: 'X', cell: 4 })}`)
    const { runs } = await generate(service, orders.join(' and '))
    expect(runs.map(({ success, replayed }) => [success, replayed])).toEqual([
      [true, undefined],
      [true, undefined],
    ])
    for (const { gameId } of games) expect(await movesOf(gameId)).toHaveLength(1)
  })
})

test('the same write twice in one answer is one signature and two runs', async () => {
  const { gameId } = await startedGame(service)
  const order = `call ttt_make_move ${JSON.stringify({ gameId, player: 'X', cell: 4 })}`
  const told: unknown[] = []
  const writes = await countWrites(async () => {
    told.push(...(await generate(service, `${order} and ${order}`)).runs)
  })
  expect(writes).toEqual(once)
  expect(told).toMatchObject([{ success: true }, { success: true, replayed: true }])
})
