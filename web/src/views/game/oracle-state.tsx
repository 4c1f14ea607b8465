import type { GameView } from '../../api/client.ts'
import { t } from '../../texts.ts'
import { Short } from '../../ui/parts.tsx'

const numbers = ['moveCount', 'roundCount', 'ordinal'] as const
const ids = ['gameId', 'oracleId', 'machineId', 'playerX', 'playerO'] as const

/** What script and machine hold on the ledger, besides the board. */
export function OracleState({ view }: { view: GameView }) {
  const { fields } = t.game
  return (
    <section className="card" aria-labelledby="oracle">
      <h2 id="oracle">{t.game.oracle}</h2>
      <dl className="fields">
        <Field name={fields.status}>
          <code>{view.status}</code>
        </Field>
        <Field name={fields.machineState}>
          <code>{view.machineState}</code>
        </Field>
        {numbers.map((name) => (
          <Field key={name} name={fields[name]}>
            {view[name]}
          </Field>
        ))}
        {ids.map((name) => (
          <Field key={name} name={fields[name]}>
            <Short text={view[name]} label={fields[name]} />
          </Field>
        ))}
      </dl>
    </section>
  )
}

const Field = ({ name, children }: { name: string; children: React.ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)
