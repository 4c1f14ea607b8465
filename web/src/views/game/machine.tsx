import { Suspense } from 'react'
import type { GameView } from '../../api/client.ts'
import type { LedgerMessage } from '../../ledger/message.ts'
import { fill, t } from '../../texts.ts'
import { lazily } from '../../ui/lazily.ts'
import { lastTransition, states, transitions } from './machine-graph.ts'

const Diagram = lazily(() => import('./machine-diagram.tsx'))

const stateWord = (id: string): string => (t.game.states as Readonly<Record<string, string>>)[id] ?? id

/** The life cycle of the round with the present state lit: a picture, and the same in words. */
export function Machine({ view, messages }: { view: GameView; messages: readonly LedgerMessage[] }) {
  const last = lastTransition(view, messages)
  return (
    <section className="card" aria-labelledby="machine">
      <h2 id="machine">{t.game.machine}</h2>
      <p role="status">
        {fill(t.game.machineAbout, { state: stateWord(view.machineState), event: last?.event ?? t.game.noEvent })}
      </p>
      <div className="diagram" aria-hidden="true" inert>
        <Suspense fallback={null}>
          <Diagram state={view.machineState} last={last} />
        </Suspense>
      </div>
      <details>
        <summary>{t.game.transitions}</summary>
        <ul>
          {states.map(({ id, isFinal }) => (
            <li key={id}>
              {stateWord(id)} (<code>{id}</code>){isFinal && `, ${t.game.final}`}
              {id === view.machineState && <b>, {t.game.now}</b>}
            </li>
          ))}
          {transitions.map((transition) => (
            <li key={`${transition.from} ${transition.to} ${transition.event}`}>
              {fill(t.game.transition, transition)}
              {transition === last && <b>, {t.game.last}</b>}
            </li>
          ))}
        </ul>
      </details>
    </section>
  )
}
