import type { GameView } from '../../api/client.ts'
import type { IntentStep } from '../../live/record.ts'
import type { Play } from '../../play/play.ts'
import { fill, t } from '../../texts.ts'
import type { Write, WriteState } from './use-write.ts'

/** How the round stands, in one sentence. */
export function Standing({ view, as }: { view: GameView; as: Play['as'] }) {
  return (
    <p className="standing" role="status">
      {view.turn ? <b className={`mark-${view.turn}`}>{turnWords(view.turn, as)}</b> : <b>{endWords(view)}</b>}
      <span className="quiet">
        {fill(t.games.round, { n: view.roundCount + 1 })} · {fill(t.games.moves, { n: view.moveCount })}
      </span>
    </p>
  )
}

function turnWords(mark: 'X' | 'O', as: Play['as']): string {
  if (as === 'both') return fill(t.game.turn, { mark })
  return fill(as === mark ? t.game.yourTurn : t.game.ottosTurn, { mark })
}

export const endWords = ({ status, winner }: Pick<GameView, 'status' | 'winner'>): string =>
  status === 'Won' && winner ? fill(t.game.won, { mark: winner }) : t.game.status[status]

const order = ['asked', 'submitting', 'accepted', 'confirmed'] as const

/** How far the write in flight has come, or how long the last one took. Its room is always there. */
export function OnItsWay({ write, intent }: { write: Write; intent: IntentStep | undefined }) {
  const { state, tookMs } = write
  return (
    <div className="way" role="status">
      {state.kind === 'going' && <Steps reached={reached(state, intent)} />}
      {state.kind !== 'going' && !('error' in state) && tookMs !== undefined && (
        <p className="quiet">{fill(t.game.took, { ms: tookMs })}</p>
      )}
    </div>
  )
}

function Steps({ reached: at }: { reached: number }) {
  return (
    <p>
      {t.game.way}:{' '}
      {order.map((step, index) => (
        <span key={step} className={index <= at ? 'reached' : 'quiet'}>
          {index > 0 && ' → '}
          {t.game.steps[step]}
        </span>
      ))}
    </p>
  )
}

/** The place in `order`; an intent of another place in the game says nothing about this one. */
function reached({ place }: Extract<WriteState, { kind: 'going' }>, intent: IntentStep | undefined): number {
  if (intent === undefined || !isSlotAfter(intent.slot, place)) return 0
  const words: readonly string[] = order
  return Math.max(0, words.indexOf(intent.state))
}

/** A slot is `<machine>/<round>/<place>`: for a move the number of the move, for a start 0. */
function isSlotAfter(slot: string, place: { machineId: string; roundCount: number; moveCount: number }): boolean {
  const [machineId, round, moveNum] = slot.split('/')
  if (machineId !== place.machineId) return true // the machine of the round that begins
  return Number(round) === place.roundCount && (Number(moveNum) === place.moveCount + 1 || Number(moveNum) === 0)
}
