import { parentPort, workerData } from 'node:worker_threads'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import { createOttochain } from '../../src/dialect/ottochain.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { Mark, Table } from './_game.ts'
import { begin, machineId, oracleState, play } from './_game.ts'

/** Which share of all games a worker plays: those whose first two moves have its number. */
export type Share = { readonly index: number; readonly count: number }

/** How many games ended how, and the boards at which a record said something else than the board. */
export type Tally = { readonly X: number; readonly O: number; readonly draw: number; readonly wrong: readonly string[] }

/** The test's own knowledge of the game, to hold the program against. */
const lines = ['012', '345', '678', '036', '147', '258', '048', '246'].map((line) => [...line].map(Number))

/** Plays every game of a share move by move through the engine; games share the moves they begin with. */
function replay({ index, count }: Share): Tally {
  const engine = createEngine()
  const ends = { X: 0, O: 0, draw: 0 }
  const wrong: string[] = []
  const isOurs = (board: readonly string[]) => (board.indexOf('X') * 9 + board.indexOf('O')) % count === index

  const visit = (table: Table, board: readonly string[], moveCount: number): void => {
    const mark = moveCount % 2 === 0 ? 'X' : 'O'
    for (let cell = 0; cell < 9; cell++) {
      const placed = board.with(cell, mark)
      if (board[cell] !== '' || (moveCount === 1 && !isOurs(placed))) continue
      const next = play(engine, table, { player: mark, cell, round: 0, moveNum: moveCount + 1 }, mark)
      const won = lines.some((line) => line.every((at) => placed[at] === mark))
      const end = won ? 'Won' : moveCount === 8 ? 'Draw' : 'InProgress'
      if (next === undefined || !stands(next, placed, end, won ? mark : null)) wrong.push(placed.join())
      else if (end === 'InProgress') visit(next, placed, moveCount + 1)
      else ends[won ? mark : 'draw'] += 1
    }
  }
  visit(
    begin(engine, createOttochain()),
    Array.from({ length: 9 }, () => ''),
    0,
  )
  return { ...ends, wrong }
}

/** Do both records say what the board says? */
function stands(table: Table, board: readonly string[], end: string, winner: Mark | null): boolean {
  const fiber = table.get(machineId)
  const oracle = oracleState(table)
  if (fiber?.kind !== 'machine' || !isJsonObject(fiber.stateData) || !isJsonArray(oracle['board'])) return false
  const { finalStatus = null, winner: recorded = null } = fiber.stateData
  const isOver = end !== 'InProgress'
  return (
    oracle['status'] === end &&
    (oracle['winner'] ?? null) === winner &&
    oracle['board'].every((mark, cell) => (mark ?? '') === board[cell]) &&
    fiber.currentState === (isOver ? 'finished' : 'playing') &&
    finalStatus === (isOver ? end : null) &&
    recorded === winner
  )
}

parentPort?.postMessage(replay(workerData as Share))
