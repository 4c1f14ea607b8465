import { t } from '../../texts.ts'
import { useHealth } from '../health/use-health.ts'
import { useModels } from './use-chat.ts'

type Props = { readonly model: string | undefined; readonly onChoose: (model: string | undefined) => void }

/** Which model is asked. */
export function ModelChoice({ model, onChoose }: Props) {
  const { data: names = [] } = useModels()
  return (
    <label className="row model">
      {t.chat.model}
      <select value={model ?? ''} onChange={(event) => onChoose(event.target.value || undefined)}>
        <option value="">{t.chat.ownModel}</option>
        {names.map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}

/** Says how to get a model where none answers. */
export function NoModel() {
  const { data } = useHealth(10_000)
  if (data === undefined || data.components['model']?.status === 'healthy') return null
  return (
    <section className="note away" role="status">
      <p>{t.chat.away}</p>
      <p className="quiet">{t.chat.awayHint}</p>
    </section>
  )
}
