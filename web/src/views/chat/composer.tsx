import { useId, useState } from 'react'
import { t } from '../../texts.ts'

type Props = {
  readonly isBusy: boolean
  readonly onSend: (text: string) => void
  readonly onStop: () => void
}

/** More would not fit into what small models can hold. */
const maxText = 8_000

/** Where a person writes. While Otto answers, the next message can be written already. */
export function Composer({ isBusy, onSend, onStop }: Props) {
  const id = useId()
  const [text, setText] = useState('')
  const send = () => {
    if (isBusy || text.trim() === '') return
    onSend(text.trim())
    setText('')
  }
  return (
    <form
      className="composer"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      <label htmlFor={id}>{t.chat.label}</label>
      <textarea
        id={id}
        rows={3}
        maxLength={maxText}
        value={text}
        placeholder={t.chat.placeholder}
        aria-describedby={`${id}-hint`}
        onChange={(event) => setText(event.target.value)}
        onKeyDown={(event) => {
          // While a word is being composed, Enter belongs to the keyboard.
          if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
          event.preventDefault()
          send()
        }}
      />
      <div className="row">
        <button type="submit" className="main" disabled={isBusy || text.trim() === ''}>
          {t.chat.send}
        </button>
        <button type="button" disabled={!isBusy} onClick={onStop}>
          {t.chat.stop}
        </button>
        <span id={`${id}-hint`} className="quiet">
          {t.chat.hint}
        </span>
      </div>
    </form>
  )
}
