import type { Brain, Play, Side, Speed } from '../../play/play.ts'
import { brainNames, sides, speeds } from '../../play/play.ts'
import { useModel } from '../../play/use-model.ts'
import { t } from '../../texts.ts'

type Props = {
  readonly play: Play
  readonly change: (part: Partial<Play>) => void
  readonly isPaused: boolean
  readonly setPaused: (isPaused: boolean) => void
}

/** Who plays which side, how Otto thinks, and how fast. */
export function WhoPlays({ play, change, isPaused, setPaused }: Props) {
  const hasModel = useModel()
  return (
    <fieldset className="who">
      <legend>{t.game.play}</legend>
      <Choice label={t.game.play} value={play.as} onChange={(as) => change({ as })} options={sideOptions} isPlain />
      {play.as !== 'both' && (
        <>
          <Choice
            label={t.game.brain}
            value={play.brain}
            onChange={(brain) => change({ brain })}
            options={brainOptions.map((option) => ({ ...option, isOff: option.value === 'model' && !hasModel }))}
          />
          <Choice
            label={t.game.speed}
            value={play.speed}
            onChange={(speed) => change({ speed })}
            options={speedOptions}
          />
          <button type="button" aria-pressed={isPaused} onClick={() => setPaused(!isPaused)}>
            {isPaused ? t.game.goOn : t.game.pause}
          </button>
        </>
      )}
      {play.as !== 'both' && isPaused && <p className="quiet whole">{t.game.paused}</p>}
      {play.brain === 'model' && !hasModel && <p className="quiet whole">{t.game.noModel}</p>}
    </fieldset>
  )
}

type Option<T> = { readonly value: T; readonly label: string; readonly isOff?: boolean }
const sideOptions = sides.map((value): Option<Side> => ({ value, label: t.game.sides[value] }))
const brainOptions = brainNames.map((value): Option<Brain> => ({ value, label: t.game.brains[value] }))
const speedOptions = (Object.keys(speeds) as Speed[]) // its keys are all there is
  .map((value): Option<Speed> => ({ value, label: t.game.speeds[value] }))

type ChoiceProps<T> = {
  readonly label: string
  readonly value: T
  readonly options: readonly Option<T>[]
  readonly onChange: (value: T) => void
  readonly isPlain?: boolean
}

function Choice<T extends string>({ label, value, options, onChange, isPlain = false }: ChoiceProps<T>) {
  const choose = (text: string) => {
    const option = options.find((one) => one.value === text)
    if (option) onChange(option.value)
  }
  return (
    <label>
      <span className={isPlain ? 'unseen' : 'quiet'}>{label} </span>
      <select value={value} onChange={(event) => choose(event.target.value)}>
        {options.map((option) => (
          <option key={option.value} value={option.value} disabled={option.isOff}>
            {option.label}
          </option>
        ))}
      </select>
    </label>
  )
}
