import type { GameView } from '../api/client.ts'
import { dataOf, service } from '../api/client.ts'
import { fill, t } from '../texts.ts'
import { other } from './brains.ts'

/** The model answered, and nothing was played. */
export class NoMoveError extends Error {
  constructor(words: string) {
    super(fill(t.game.noMove, { words }))
    this.name = 'NoMoveError'
  }
}

/** Asks the language model, by the chat's door, for one move; what it did is read from the ledger, not from its words. */
export async function askModel(view: GameView, key: string): Promise<GameView> {
  const { gameId, turn } = view
  const words = await ask(wishFor(view), key)
  const after = await dataOf(service.GET('/otto/games/{id}/state', { params: { path: { id: gameId } } }))
  if (turn !== null && after.ordinal === view.ordinal) throw new NoMoveError(words.slice(0, 300) || t.common.none)
  return after
}

const wishFor = ({ gameId, turn, boardText, board }: GameView): string => {
  const mark = turn ?? 'X'
  const free = board.flatMap((held, cell) => (held === null ? [cell] : []))
  return `Continue game ${gameId}: I play ${other(mark)}, you play ${mark}. Make exactly one move for ${mark}.\n\nThe board:\n${boardText}\n\nFree cells: ${free.join(' ')}`
}

/** What the model said. */
async function ask(prompt: string, key: string): Promise<string> {
  const headers = { 'idempotency-key': key }
  const answer = await dataOf(service.POST('/generate', { headers, body: { prompt, stream: false } }))
  return typeof answer === 'object' && 'response' in answer ? String(answer.response) : ''
}
