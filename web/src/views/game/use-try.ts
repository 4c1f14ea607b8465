import { useState } from 'react'
import type { GameView } from '../../api/client.ts'
import { callTool, simulateMove } from '../../api/client.ts'
import { newUuid } from '../../api/uuid.ts'
import type { Play } from '../../play/play.ts'
import { fill, t } from '../../texts.ts'
import type { Write } from './use-write.ts'

type Try = { readonly words: string | undefined; readonly tryCell: (cell: number) => void }

/** A person chose a cell: it is played, or the rules themselves are asked why not. */
export function useTry(view: GameView | undefined, as: Play['as'], write: Write): Try {
  const [words, setWords] = useState<string>()
  const tryCell = (cell: number) => {
    if (view === undefined) return
    const { gameId } = view
    const player = as === 'X' || as === 'O' ? as : (view.turn ?? 'X')
    setWords(undefined)
    if (as === 'watch') setWords(t.game.watchOnly)
    else if (write.isBusy) setWords(t.game.busy)
    else if (write.state.kind === 'unknown') setWords(t.game.notKnown)
    else if (view.turn === player && view.board[cell] === null) {
      const key = newUuid()
      const send = () => callTool('ttt_make_move', { gameId, player, cell }, key)
      write.run({ key, move: { player, cell }, isAuto: false, send })
    } else
      simulateMove({ gameId, player, cell }).then(
        ({ reason }) => setWords(wordsOf(reason, player)),
        (error: unknown) => setWords(error instanceof Error ? error.message : t.errors.broken),
      )
  }
  return { words, tryCell }
}

function wordsOf(reason: string | null, mark: string): string {
  const known: Readonly<Record<string, string>> = t.game.reasons
  const text = known[reason ?? 'legal'] ?? t.game.reasons.other
  return fill(text, { mark, reason: reason ?? '' })
}
