import { Agent, request } from 'undici'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { ChatDoor } from './_chat.ts'
import { doors, ollamaDoor, openAiDoor } from './_chat.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'
import type { Stage, StagedServer } from './_staged.ts'
import { startStaged, wordsFor } from './_staged.ts'

let staged: StagedServer
let service: Service
const agent = new Agent()
beforeAll(async () => {
  staged = await startStaged()
  // A snapshot takes its time, so that a move can be seen under way.
  service = await startService({ OLLAMA_URL: staged.url, OTTO_MODEL: 'staged', OTTO_SNAPSHOT_MS: '25' })
})
afterAll(async () => {
  await service.close()
  await staged.close()
  await agent.close()
})

const pathOf = ({ name }: ChatDoor): string => name.replace('POST ', '')

type Asking = {
  /** Resolves once the text has been seen in the answer, with all that had come by then. */
  seen(text: string): Promise<string>
  hangUp(): void
}

/** Asks, and reads until the test hangs up. */
function ask(door: ChatDoor, stage: Stage, gameId: string, stream = true): Asking {
  const leaving = new AbortController()
  const state = { body: '', heard: () => {} }
  const read = async () => {
    const { body } = await request(`${service.url}${pathOf(door)}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-trace-id': `hang-up-${gameId}` },
      body: JSON.stringify({ model: 'staged', stream, messages: [{ role: 'user', content: wordsFor(stage, gameId) }] }),
      dispatcher: agent,
      signal: leaving.signal,
    })
    for await (const chunk of body) {
      state.body += String(chunk)
      state.heard()
    }
  }
  read().catch(() => {}) // it always ends by leaving
  return {
    seen: (text) =>
      new Promise((resolve) => {
        state.heard = () => {
          if (state.body.includes(text)) resolve(state.body)
        }
        state.heard()
      }),
    hangUp: () => leaving.abort(),
  }
}

/** The line that the log has of this turn once it is over. */
const turnOf = (gameId: string) =>
  vi.waitFor(() => {
    const lines = service.logs.map((line) => JSON.parse(line))
    const turn = lines.find(({ msg, traceId }) => msg === 'chat turn' && traceId === `hang-up-${gameId}`)
    expect(turn).toBeDefined()
    return turn
  }, 4_000)

const movesOf = async (gameId: string) => (await service.result('ttt_get_state', { gameId })).moveHistory

/** From the hang-up to the end of the connection to the model, ms; the best of three, for machines that are busy. */
async function msUntilClosed(leave: () => Promise<{ closed: Promise<void>; hangUp: () => void }>): Promise<number> {
  const all: number[] = []
  for (let times = 0; times < 3; times++) {
    const { closed, hangUp } = await leave()
    const startMs = performance.now()
    hangUp()
    await closed
    all.push(performance.now() - startMs)
  }
  return Math.min(...all)
}

describe.each(doors)('who hangs up at $name', (door) => {
  test.each([true, false])(
    'in the wait for the first byte ends the question to the model (stream %s)',
    async (stream) => {
      const leave = async () => {
        const { gameId } = await startedGame(service)
        const { hangUp } = ask(door, 'first-byte', gameId, stream)
        const { closed } = await staged.question(gameId, 0)
        return { closed, hangUp }
      }
      expect(await msUntilClosed(leave)).toBeLessThan(100)
    },
  )

  test('in the text', async () => {
    const leave = async () => {
      const { gameId } = await startedGame(service)
      const { seen, hangUp } = ask(door, 'text', gameId)
      await seen('Let me')
      const { closed } = await staged.question(gameId, 0)
      return { closed, hangUp }
    }
    expect(await msUntilClosed(leave)).toBeLessThan(100)
  })

  test('between two rounds, and the move before it stays', async () => {
    const games: string[] = []
    const leave = async () => {
      const { gameId } = await startedGame(service)
      games.push(gameId)
      const { hangUp } = ask(door, 'between-rounds', gameId)
      const { closed } = await staged.question(gameId, 1)
      return { closed, hangUp }
    }
    expect(await msUntilClosed(leave)).toBeLessThan(100)
    for (const gameId of games) expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
  })
})

describe('who hangs up while a move is under way', () => {
  test('has it recorded; the model is asked nothing more (POST /v1/chat/completions)', async () => {
    const { gameId } = await startedGame(service)
    const { seen, hangUp } = ask(openAiDoor, 'one-move', gameId)
    await seen(': tool ttt_make_move') // it is about to run
    hangUp()
    expect(await turnOf(gameId)).toMatchObject({ finish: 'gone', level: 30 })
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
    expect(staged.count(gameId)).toBe(1)
  })

  test('has it recorded also where another move came before it (POST /api/chat)', async () => {
    const { gameId } = await startedGame(service)
    const { seen, hangUp } = ask(ollamaDoor, 'two-moves', gameId)
    await seen('ttt_make_move X 4') // now the second runs
    hangUp()
    await turnOf(gameId)
    // The second is there too where it had been written down before; else nothing of it was sent.
    const moves = await movesOf(gameId)
    expect(moves).toMatchObject(
      [
        { player: 'X', cell: 4 },
        { player: 'O', cell: 0 },
      ].slice(0, moves.length),
    )
    expect(moves.length).toBeGreaterThan(0)
    expect(staged.count(gameId)).toBe(1)
  })
})

test('a hang-up is no fault of anybody: no line of the log says error', async () => {
  const { gameId } = await startedGame(service)
  const { hangUp } = ask(ollamaDoor, 'first-byte', gameId)
  await staged.question(gameId, 0)
  hangUp()
  await turnOf(gameId)
  const lines = service.logs.map((line) => JSON.parse(line)).filter(({ traceId }) => traceId === `hang-up-${gameId}`)
  expect(lines.filter(({ level }) => level >= 40)).toEqual([])
})

describe.each(doors)('who stays, at $name', (door) => {
  test.each([true, false])('gets all of it, however slow it is (stream %s)', async (stream) => {
    const { gameId } = await startedGame(service)
    const told = await door.ask(service, { words: wordsFor('slow', gameId), model: 'staged', stream })
    expect(told).toMatchObject({ end: 'done', text: 'Let me see: done.' })
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
    for (const round of [0, 1]) await (await staged.question(gameId, round)).answered
  })

  test('is told, in a stream, that it broke off after a move, and that the move stands', async () => {
    const { gameId } = await startedGame(service)
    const told = await door.ask(service, { words: wordsFor('break-after-move', gameId), model: 'staged' })
    expect(told).toMatchObject({ status: 200, end: 'broken' })
    expect(told.error).toMatch(/broke off.*board/)
    expect(await movesOf(gameId)).toMatchObject([{ player: 'X', cell: 4 }])
  })

  test('gets no status that clients repeat, once something was signed', async () => {
    const { gameId } = await startedGame(service)
    const asked = { words: wordsFor('break-after-move', gameId), model: 'staged', stream: false }
    const told = await door.ask(service, asked)
    expect(told).toMatchObject({ status: 200, end: 'done', reason: 'stop' })
    expect(told.text).toMatch(/broke off.*board/)
    await door.ask(service, asked)
    expect(await movesOf(gameId)).toHaveLength(1)
  })
})

test('a sign comes every five seconds while the model is silent, and strict readers take it', { timeout: 15_000 }, () =>
  Promise.all(
    doors.map(async (door) => {
      const games = [await startedGame(service), await startedGame(service)]
      const [watched = '', read = ''] = games.map(({ gameId }) => gameId)
      const reading = door.ask(service, { words: wordsFor('silence', read), model: 'staged' })
      const { seen, hangUp } = ask(door, 'silence', watched)
      expect(await seen('\n')).not.toContain('Here I am.') // an empty chunk, or a comment
      await seen('Here I am.')
      hangUp()
      expect(await reading).toMatchObject({ end: 'done', text: 'Here I am.' })
    }),
  ),
)
