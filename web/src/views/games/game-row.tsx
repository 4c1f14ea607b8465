import { memo, useEffect, useState } from 'react'
import { Link } from 'wouter'
import type { GameEntry, GameView } from '../../api/client.ts'
import { fill, t } from '../../texts.ts'
import { endWords } from '../game/standing.tsx'
import { ReadBoard, Thumbnail } from './thumbnail.tsx'

type Props = {
  readonly entry: GameEntry
  readonly board: GameView['board'] | undefined
  /** Which one of how many, since not all are drawn. */
  readonly place: number
  readonly of: number
}

/** A game in few words; the whole row leads to it. */
export const GameRow = memo(function GameRow({ entry, board, place, of }: Props) {
  const { gameId, turn, roundCount, moveCount, ordinal } = entry
  const isSeen = useSeen()
  return (
    <li className="game-row" aria-posinset={place} aria-setsize={of}>
      {board === undefined && isSeen ? <ReadBoard gameId={gameId} ordinal={ordinal} /> : <Thumbnail board={board} />}
      <div>
        <Link href={`/games/${gameId}`}>
          {t.games.game} <code>{gameId.slice(0, 8)}</code>
        </Link>
        <p>
          <b className={turn ? `mark-${turn}` : ''}>{turn ? fill(t.game.turn, { mark: turn }) : endWords(entry)}</b>
        </p>
        <p className="quiet">
          {fill(t.games.round, { n: roundCount + 1 })} · {fill(t.games.moves, { n: moveCount })} ·{' '}
          {fill(t.games.touched, { n: ordinal })}
        </p>
      </div>
    </li>
  )
})

/** Whoever scrolls past does not stop here. */
const lookMs = 400

/** Only rows on the screen are drawn: has it been there for a moment? */
function useSeen(): boolean {
  const [isSeen, setSeen] = useState(false)
  useEffect(() => {
    const timer = setTimeout(() => setSeen(true), lookMs)
    return () => clearTimeout(timer)
  }, [])
  return isSeen
}
