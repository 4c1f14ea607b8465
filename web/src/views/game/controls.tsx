import { useState } from 'react'
import type { GameView } from '../../api/client.ts'
import { callTool } from '../../api/client.ts'
import { newUuid } from '../../api/uuid.ts'
import { t } from '../../texts.ts'
import type { Write } from './use-write.ts'

type Tool = 'ttt_start_game' | 'ttt_reset_board' | 'ttt_cancel_game'
type Question = 'reset' | 'cancel' | undefined

/** Start, next round, clear the board, cancel: what takes something away is asked about first. */
export function Controls({ view, write }: { view: GameView; write: Write }) {
  const [question, setQuestion] = useState<Question>()
  const { machineState, gameId, moveCount } = view
  const { isBusy } = write
  const run = (tool: Tool, more: object = {}) => {
    const key = newUuid()
    setQuestion(undefined)
    write.run({ key, move: undefined, isAuto: false, send: () => callTool(tool, { gameId, ...more }, key) })
  }
  if (machineState === 'cancelled') return null
  if (question === 'cancel')
    return (
      <CancelQuestion
        onNo={() => setQuestion(undefined)}
        onYes={(reason) => run('ttt_cancel_game', reason === '' ? {} : { reason })}
      />
    )
  if (question === 'reset')
    return (
      <fieldset className="question" aria-label={t.game.reset}>
        <p>{t.game.resetSure}</p>
        <Answers yes={t.game.yesReset} onYes={() => run('ttt_reset_board')} onNo={() => setQuestion(undefined)} />
      </fieldset>
    )
  return (
    <div className="row">
      {machineState === 'setup' && (
        <Act words={t.game.begin} isMain isOff={isBusy} onClick={() => run('ttt_start_game')} />
      )}
      {machineState === 'finished' && (
        <Act words={t.game.next} isMain isOff={isBusy} onClick={() => run('ttt_reset_board')} />
      )}
      {machineState === 'playing' && (
        <Act words={t.game.reset} isOff={isBusy || moveCount === 0} onClick={() => setQuestion('reset')} />
      )}
      {machineState !== 'finished' && (
        <Act words={t.game.cancel} isOff={isBusy} onClick={() => setQuestion('cancel')} />
      )}
    </div>
  )
}

type ActProps = {
  readonly words: string
  readonly isOff: boolean
  readonly onClick: () => void
  readonly isMain?: boolean
}

const Act = ({ words, isOff, onClick, isMain = false }: ActProps) => (
  <button type="button" className={isMain ? 'main' : ''} disabled={isOff} onClick={onClick}>
    {words}
  </button>
)

function CancelQuestion({ onYes, onNo }: { onYes: (reason: string) => void; onNo: () => void }) {
  const [reason, setReason] = useState('')
  return (
    <form
      className="question"
      aria-label={t.game.cancel}
      onSubmit={(event) => {
        event.preventDefault()
        onYes(reason.trim())
      }}
    >
      <p>{t.game.cancelSure}</p>
      <label>
        {t.game.reason}
        <input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
      </label>
      <Answers yes={t.game.yes} onNo={onNo} />
    </form>
  )
}

/** Whoever was asked starts at the answer that changes nothing. One function for ever, so it runs once a question. */
const focus = (button: HTMLButtonElement | null): void => button?.focus()

/** Without `onYes` the button sends its form. */
function Answers({ yes, onYes, onNo }: { yes: string; onYes?: () => void; onNo: () => void }) {
  return (
    <div className="row">
      <button type={onYes ? 'button' : 'submit'} className="main" onClick={onYes}>
        {yes}
      </button>
      <button type="button" onClick={onNo} ref={focus}>
        {t.game.no}
      </button>
    </div>
  )
}
