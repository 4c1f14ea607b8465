import { boardText } from '../tictactoe/game-view.ts'
import type { Reading } from './reading.ts'

const whoIAm = 'I am otto-scripted, a script and not a language model.'

/** What it says of itself when nothing was asked that it knows. */
export const introduction =
  `${whoIAm} I play tic-tac-toe with the tools I am given: ` +
  'ask me to play a game, to create or start one, to put a mark on a cell, to show the board, to reset or to cancel.'

/** The same with no tools in reach. */
export const noTools = (task: string): string =>
  `${whoIAm} I was given no tools here, so I did nothing: I can only talk.${echo(task)}`

/** The same with tools that are none of a game. */
export const ordersOnly = (task: string): string =>
  `${whoIAm} Spell out what to call, like: call fs.read {"path":"notes.txt"}.${echo(task)}`

const maxEchoed = 200

function echo(task: string): string {
  const line = task.replace(/\s+/g, ' ').trim()
  if (line === '') return ''
  return ` You said: “${line.length > maxEchoed ? `${line.slice(0, maxEchoed).toWellFormed()}…` : line}”`
}

/** A game is needed and none was named. */
export const noGame = 'Which game? I know of none here; ask me to create one, or name its gameId.'

/** How a game stands by a tool's own answer, and nothing else. */
export function tellGame(reading: Reading): string {
  const name = reading.gameId === undefined ? 'The game' : `Game ${reading.gameId}`
  const board = reading.board === undefined ? '' : `\n\n${boardText(reading.board)}`
  if (reading.winner) return `${reading.winner} wins. ${name} is over.${board}`
  switch (reading.machineState) {
    case 'setup':
      return `${name} is set up and waits to be started.`
    case 'cancelled':
      return `${name} is cancelled.`
    case 'finished':
      return `A draw. ${name} is over.${board}`
    default:
      return reading.turn ? `${name} is in progress; ${reading.turn} is next.${board}` : `${name} has answered.`
  }
}

/** A refusal in the tool's own words. */
export const tellRefusal = ({ error, hint, code }: Reading): string =>
  ['That was refused.', error ?? code, hint].filter((part) => part !== undefined).join(' ')

/** Words that need no tool: for the side tasks of a chat client, and as JSON where JSON is asked for. */
export function sideAnswer(task: string, isJson: boolean): string {
  const wanted = Object.keys(sideTasks).find((word) => task.includes(`"${word}"`))
  if (wanted) return JSON.stringify({ [wanted]: sideTasks[wanted] })
  return isJson ? JSON.stringify({ answer: 'Tic-tac-toe' }) : 'Tic-tac-toe'
}

/** The fields that Open WebUI's tasks for title, tags, follow-ups and queries ask for. */
const sideTasks: Readonly<Record<string, string | readonly string[]>> = {
  title: 'Tic-tac-toe',
  tags: ['Games'],
  follow_ups: ['Play a game with yourself.', 'Show the board.'],
  queries: [],
}
