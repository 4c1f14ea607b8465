import type { GameView, PlayedMove } from '../tictactoe/game-view.ts'

type Kind = 'move' | 'create' | 'start' | 'reset' | 'cancel' | 'status'

/** What the ledger holds instead: one or two sentences, and the board where there is a game. */
export function correctionText(kind: Kind, made: readonly PlayedMove[], view: GameView | undefined): string {
  const fact = `Correction: ${kind === 'move' ? moveFact(made) : facts[kind]}`
  if (view === undefined) return `${fact} No game was read in this turn.`
  // Fenced, as blanks and lines of the board would be lost in a page that renders Markdown.
  return `${fact} The ledger shows ${standing(view)} of game ${view.gameId}.\n\n\`\`\`\n${view.boardText}\n\`\`\``
}

const facts: Readonly<Record<Exclude<Kind, 'move'>, string>> = {
  create: 'no game was created in this turn.',
  start: 'no game was started in this turn.',
  reset: 'no board was reset in this turn.',
  cancel: 'no game was cancelled in this turn.',
  status: 'that is not how the game stands.',
}

function moveFact(made: readonly PlayedMove[]): string {
  if (made.length === 0) return 'no move was made in this turn.'
  const list = made.map(({ player, cell }) => `${player} at cell ${cell}`).join(', ')
  return `not every move told above is on the ledger; made in this turn: ${list}.`
}

function standing({ machineState, status, winner, turn, moveCount }: GameView): string {
  if (machineState === 'setup') return 'the setup'
  if (machineState === 'cancelled') return 'the cancellation'
  if (status === 'Won') return `a win of ${winner}, move ${moveCount}`
  if (status === 'Draw') return `a draw, move ${moveCount}`
  return `${turn}'s turn, move ${moveCount}`
}

/** Where a write may or may not have been applied, a denial would be as untrue as the claim. */
export const openText = (tool: string): string =>
  `Correction: it is not known yet what became of ${tool}; it may have been done. Read the board before anything else.`
