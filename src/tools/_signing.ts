import type { Mark } from '../tictactoe/game-view.ts'

/** The capability that an agent needs to have a player's wallet sign. */
export const signingOf = (player: Mark): string => `ledger.sign:player${player}`

/** Of what either player's wallet may sign: which of them does is for the game to say. */
export const signingOfBoth: readonly string[] = [signingOf('X'), signingOf('O')]
