import { z } from 'zod'
import { GameView, PlayedMove } from '../tictactoe/game-view.ts'

const common = {
  id: z.string().describe('Where a stream goes on: send it as Last-Event-ID. Nothing else can be read off it.'),
  at: z.iso.datetime().describe('When it became known here.'),
}
const ofGame = { ...common, gameId: z.string() }
const game = GameView.describe('The game as the ledger holds it, read after what is told; its hash is null.')

/** A write on its way to the ledger. */
export const LiveIntent = z.object({
  id: z.string(),
  slot: z.string().describe('The place in the game that it is meant for.'),
  state: z
    .enum(['submitting', 'accepted', 'confirmed', 'rejected', 'abandoned'])
    .describe('How far it has come; the last three are final.'),
  traceId: z.string(),
})
export type LiveIntent = z.output<typeof LiveIntent>

/** What changed in a game, by the word of its record. */
export const stepTypes = ['game_created', 'game_started', 'game_ended', 'board_reset', 'game_cancelled'] as const

/** One thing that happened, as both streams tell it. */
export const LiveRecord = z.discriminatedUnion('type', [
  z.object({ ...ofGame, type: z.literal('game'), game }).describe('How the game stands: it counts, not what was told.'),
  z.object({ ...ofGame, type: z.literal('move_made'), move: PlayedMove, game }),
  z.object({ ...ofGame, type: z.enum(stepTypes), game }),
  z.object({ ...ofGame, type: z.literal('intent'), intent: LiveIntent }),
  z
    .object({ ...common, gameId: z.null(), type: z.literal('gap') })
    .describe('On the stream of all games: records were lost. Read the list of games anew.'),
])
export type LiveRecord = z.output<typeof LiveRecord>

/** One record as it is sent: the same JSON text to everybody. */
export type Sent = { readonly id: string; readonly type: LiveRecord['type']; readonly json: string }

/** Where records go. Neither function throws. */
export type Sink = {
  send(sent: Sent): void
  /** Nothing follows. */
  end(): void
}

/** A stream that can begin: gives what is missed so far, and each record from then on. Ends by what it returns. */
export type Begin = (sink: Sink) => () => void

/** What happens in games, for those who watch. */
export type Live = {
  /**
   * @param id any id of the game
   * @param after the id of the last record that was received, undefined at first
   * @throws GameNotFoundError, LedgerUnreachableError, DeadlineExceededError
   */
  watchGame(id: string, after: string | undefined, signal: AbortSignal): Promise<Begin>
  /** The same for all games. @throws LedgerUnreachableError, DeadlineExceededError */
  watchAll(after: string | undefined, signal: AbortSignal): Promise<Begin>
  /** Ends every stream. */
  close(): void
}
