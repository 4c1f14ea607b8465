import type { GameView } from '../api/client.ts'

type Played = GameView['moveHistory'][number]
type Head = { readonly id: string; readonly at: string; readonly gameId: string }

/** How far a write has come that this service sends for a game. */
export type IntentStep = {
  readonly id: string
  readonly slot: string
  readonly state: 'submitting' | 'accepted' | 'confirmed' | 'rejected' | 'abandoned'
  readonly traceId: string
}

/** What a stream tells, one thing at a time. `game` is always what the ledger holds. */
export type LiveRecord =
  | (Head & {
      readonly type: 'game' | 'game_created' | 'game_started' | 'game_ended' | 'board_reset' | 'game_cancelled'
      readonly game: GameView
    })
  | (Head & { readonly type: 'move_made'; readonly game: GameView; readonly move: Played })
  | (Head & { readonly type: 'intent'; readonly intent: IntentStep })
  | { readonly id: string; readonly at: string; readonly type: 'gap'; readonly gameId: null }
