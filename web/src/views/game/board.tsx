import type { KeyboardEvent } from 'react'
import { useRef, useState } from 'react'
import type { GameView } from '../../api/client.ts'
import { wonCells } from '../../play/lines.ts'
import { fill, t } from '../../texts.ts'

type Move = { readonly player: 'X' | 'O'; readonly cell: number }
type Props = { readonly view: GameView; readonly going: Move | undefined; readonly onTry: (cell: number) => void }

const cells = [0, 1, 2, 3, 4, 5, 6, 7, 8] as const
const steps: Readonly<Record<string, readonly [row: number, column: number]>> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
}

/** The board as the ledger holds it. Every cell can be tried: why not is worth knowing too. */
export function Board({ view, going, onTry }: Props) {
  const [at, setAt] = useState(4)
  const buttons = useRef<(HTMLButtonElement | null)[]>([])
  const won = view.status === 'Won' ? wonCells(view.board) : []
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = steps[event.key]
    const digit = /^[1-9]$/.test(event.key) ? Number(event.key) - 1 : undefined
    if (step === undefined && digit === undefined) return
    event.preventDefault()
    const cell = digit ?? moved(at, step ?? [0, 0])
    buttons.current[cell]?.focus()
    if (digit !== undefined) onTry(digit)
  }
  return (
    <fieldset className="board" aria-label={t.game.board} aria-describedby="board-keys" onKeyDown={onKeyDown}>
      {cells.map((cell) => (
        <button
          key={cell}
          type="button"
          ref={(button) => {
            buttons.current[cell] = button
          }}
          className={classOf(view, cell, { going, won })}
          tabIndex={cell === at ? 0 : -1}
          onFocus={() => setAt(cell)}
          onClick={() => onTry(cell)}
          aria-label={labelOf(view, cell, going)}
        >
          <span aria-hidden="true">{view.board[cell] ?? (going?.cell === cell ? '…' : '')}</span>
        </button>
      ))}
    </fieldset>
  )
}

function moved(from: number, [row, column]: readonly [number, number]): number {
  const clamp = (value: number) => Math.min(2, Math.max(0, value))
  return clamp(Math.floor(from / 3) + row) * 3 + clamp((from % 3) + column)
}

function classOf(
  { board, turn }: GameView,
  cell: number,
  { going, won }: { readonly going: Move | undefined; readonly won: readonly number[] },
): string {
  const mark = board[cell]
  const held = mark ? `mark-${mark}` : turn === null ? 'free over' : 'free'
  return `cell ${held}${won.includes(cell) ? ' won' : ''}${going?.cell === cell && !mark ? ' going' : ''}`
}

function labelOf({ board }: GameView, cell: number, going: Move | undefined): string {
  const held = board[cell] ?? (going?.cell === cell ? fill(t.game.onItsWay, { mark: going.player }) : t.marks.none)
  return fill(t.game.cell, { row: Math.floor(cell / 3) + 1, column: (cell % 3) + 1, mark: held })
}
