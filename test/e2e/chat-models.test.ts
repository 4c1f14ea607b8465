import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ChatDoor, ChatService, Told } from './_chat.ts'
import { chatsAbout, doors, metric, startChat } from './_chat.ts'
import { startedGame } from './_service.ts'

let service: ChatService
beforeAll(async () => {
  service = await startChat()
})
afterAll(() => service.close())

type Played = { readonly told: Told; readonly moves: number; readonly gameId: string }

/** Asks a model for one move in a game of its own. */
async function play(door: ChatDoor, model: string, stream = true): Promise<Played> {
  const { gameId } = await startedGame(service)
  const words = `Make move X at cell 4 in game ${gameId}`
  const told = await door.ask(service, { words, model: `otto-scripted:${model}`, stream })
  const { moveCount, board } = await service.result('ttt_get_state', { gameId })
  expect(board[4]).toBe(moveCount === 0 ? null : 'X')
  return { told, moves: moveCount, gameId }
}

describe.each(doors)('a model behaves, at $name', (door) => {
  test('calls on the last line, after words', async () => {
    const { told, moves } = await play(door, 'native')
    expect([moves, told.end, told.handed]).toEqual([1, 'done', []])
    expect(told.text).toMatch(/^Let me play\.\s+Game .* O is next\./s)
  })

  test('takes no tools: it is told of them in words, and never asked with any', async () => {
    const { told, moves, gameId } = await play(door, 'text')
    expect([moves, told.end]).toEqual([1, 'done'])
    expect(told.text).toMatch(/^Game .* O is next\./)
    expect(told.text).not.toContain('{')
    const [asked, ...rest] = chatsAbout(service.model, gameId)
    expect([asked, ...rest].map((body) => body?.tools)).toEqual([undefined, undefined])
    expect(asked?.messages[0]).toMatchObject({ role: 'system', content: expect.stringContaining('ttt_cancel_game') })
  })

  test('thinks aloud', async () => {
    const { told, moves } = await play(door, 'thinking')
    expect([moves, told.end]).toEqual([1, 'done'])
    expect(told.thinking).toMatch(/Next comes ttt_make_move\..*Nothing is left to call\./s)
    expect(told.text).not.toContain('Next comes')
  })
})

test('a busy server is asked again, and nobody notices', async () => {
  const bodies = []
  for (const door of doors) {
    const { told, moves, gameId } = await play(door, 'busy')
    expect([told.end, moves]).toEqual(['done', 1])
    bodies.push(...chatsAbout(service.model, gameId))
  }
  expect(bodies).toHaveLength(6) // two refusals, and two rounds at each door
})

/** What is seen of each way to go wrong. Where nothing was told yet a status says it, in the door's own shape. */
const misbehaviours = [
  { kind: 'cut', status: 502, moves: 0, says: /broke off/ },
  { kind: 'cut-call', status: 502, moves: 0, says: /broke off/ },
  { kind: 'error-line', status: 502, moves: 0, says: /broke off: model runner stopped unexpectedly\. / },
  { kind: 'two-objects', status: 502, moves: 0, says: /is not JSON/ },
  { kind: 'junk', status: 502, moves: 0, says: /is not JSON/ },
  { kind: 'huge-line', status: 502, moves: 0, says: /endless line/ },
  { kind: 'half-call', status: 200, moves: 0, says: /cannot be read, so I stop here\. Nothing was changed\./ },
  { kind: 'unknown-tool', status: 200, moves: 0, says: /That was refused\..*ttt_make_move/s },
  { kind: 'bad-call', status: 200, moves: 1, says: /O is next/ },
  { kind: 'stutter', status: 200, moves: 1, says: /O is next/ },
  { kind: 'loop', status: 200, moves: 1, says: /repeats itself.*Done so far: ttt_make_move X 4\.$/s },
]

describe.each(doors)('a model misbehaves, at $name', (door) => {
  test.each(misbehaviours)('$kind: one end, and $moves moves', async ({ kind, status, moves, says }) => {
    for (const stream of [true, false]) {
      const { told, ...played } = await play(door, kind, stream)
      expect([told.status, played.moves]).toEqual([status, moves])
      expect(told.end).toBe(status === 200 ? 'done' : 'refused')
      expect(`${told.text}${told.error}`).toMatch(says)
    }
  })

  test('a liar is corrected by the ledger, and that is counted', async () => {
    const before = await metric(service, 'otto_chat_corrections_total{kind="move"}')
    const { told, moves, gameId } = await play(door, 'liar')
    expect(moves).toBe(0)
    expect(told.text).toMatch(/X holds the centre now\.\n\nCorrection: no move was made in this turn\./)
    expect(told.text).toContain(gameId)
    expect(await metric(service, 'otto_chat_corrections_total{kind="move"}')).toBe(before + 1)
  })

  test.each([
    { kind: 'unknown-tool', counted: 'otto_chat_refusals_total{kind="unknown_tool"}' },
    { kind: 'half-call', counted: 'otto_chat_refusals_total{kind="broken"}' },
  ])('$kind is counted', async ({ kind, counted }) => {
    const before = await metric(service, counted)
    await play(door, kind)
    expect(await metric(service, counted)).toBeGreaterThan(before)
  })
})

test('no way to go wrong leaves a request to the model open', async () => {
  for (const door of doors) for (const kind of ['huge-line', 'cut', 'two-objects', 'junk']) await play(door, kind)
  const ends = await Promise.all(service.model.requests.map(({ ended }) => ended))
  expect(ends.length).toBeGreaterThan(8)
})
