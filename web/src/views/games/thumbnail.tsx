import { useQuery } from '@tanstack/react-query'
import { memo } from 'react'
import type { GameView } from '../../api/client.ts'
import { dataOf, service } from '../../api/client.ts'
import { t } from '../../texts.ts'

const grid = 'M20 4V56M40 4V56M4 20H56M4 40H56'
const at = (cell: number) => ({ x: (cell % 3) * 20, y: Math.floor(cell / 3) * 20 })

/** A small board in three lines of drawing, or its frame where the board is not known. */
export const Thumbnail = memo(function Thumbnail({ board }: { board: GameView['board'] | undefined }) {
  const label = board === undefined ? t.games.unknownBoard : board.map((mark) => mark ?? t.marks.none).join(', ')
  return (
    <svg className={board ? 'thumbnail' : 'thumbnail unknown'} viewBox="0 0 60 60" role="img" aria-label={label}>
      <path d={grid} className="grid" />
      {board && <path d={draw(board, 'X')} className="x" />}
      {board && <path d={draw(board, 'O')} className="o" />}
    </svg>
  )
})

/** Reads the board of a game as it stood at a snapshot or later. A failure leaves the frame: the row says the rest. */
export function ReadBoard({ gameId: id, ordinal }: { gameId: string; ordinal: number }) {
  const { data } = useQuery({
    queryKey: ['board', id, ordinal],
    queryFn: ({ signal }) => dataOf(service.GET('/otto/games/{id}/state', { params: { path: { id } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  })
  return <Thumbnail board={data?.ordinal === ordinal ? data.board : undefined} />
}

function draw(board: GameView['board'], mark: 'X' | 'O'): string {
  const cells = board.flatMap((held, cell) => (held === mark ? [at(cell)] : []))
  if (mark === 'X') return cells.map(({ x, y }) => `M${x + 5} ${y + 5}l10 10m0-10l-10 10`).join('')
  return cells.map(({ x, y }) => `M${x + 5} ${y + 10}a5 5 0 1 0 10 0a5 5 0 1 0-10 0`).join('')
}
