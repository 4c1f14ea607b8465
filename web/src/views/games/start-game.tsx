import { t } from '../../texts.ts'
import { Refusal } from '../game/refusal.tsx'
import { useStart } from './use-start.ts'

/** Three ways to begin. */
export function StartGame() {
  const { start, again, drop, isPending, error } = useStart()
  return (
    <section className="card start" aria-labelledby="start">
      <h2 id="start">{t.games.start}</h2>
      <div className="row">
        <button type="button" className="main" disabled={isPending} onClick={() => start('X')}>
          {t.games.playX}
        </button>
        <button type="button" disabled={isPending} onClick={() => start('O')}>
          {t.games.playO}
        </button>
        <button type="button" disabled={isPending} onClick={() => start('watch')}>
          {t.games.watch}
        </button>
      </div>
      <p className="quiet starting" role="status">
        {isPending && t.games.starting}
      </p>
      {error !== null && <Refusal error={error} onAgain={again} onDrop={drop} />}
    </section>
  )
}
