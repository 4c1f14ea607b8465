import type { ReactNode } from 'react'
import { useState } from 'react'
import { language, t } from '../texts.ts'

type ShortProps = { readonly text: string; readonly label: string; readonly isWhole?: boolean }

/** A long id or hash: its beginning and end unless `isWhole`, the whole of it on demand and for copying. */
export function Short({ text, label, isWhole = false }: ShortProps) {
  const [isCopied, setCopied] = useState(false)
  const copy = async () => {
    await navigator.clipboard?.writeText(text)
    setCopied(true)
    setTimeout(() => setCopied(false), 1_500)
  }
  const shown = text.length > 16 && !isWhole ? `${text.slice(0, 8)}…${text.slice(-6)}` : text
  return (
    <span className="short">
      <code title={text}>{shown}</code>
      <button type="button" onClick={() => void copy()} aria-label={`${t.common.copy}: ${label}`}>
        {isCopied ? '✓' : <CopySign />}
      </button>
    </span>
  )
}

/** Two sheets, drawn: few fonts have the character. */
const CopySign = () => (
  <svg
    width="14"
    height="14"
    viewBox="0 0 14 14"
    fill="none"
    stroke="currentColor"
    strokeWidth="1.4"
    aria-hidden="true"
  >
    <rect x="1.5" y="1.5" width="8" height="8" rx="1.5" />
    <path d="M4.5 9.5v1.5a1.5 1.5 0 0 0 1.5 1.5h5a1.5 1.5 0 0 0 1.5-1.5v-5a1.5 1.5 0 0 0-1.5-1.5h-1.5" />
  </svg>
)

const time = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const day = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' })

/** A moment: the time of day, the whole of it on demand. */
export const Moment = ({ at }: { at: string }) => (
  <time dateTime={at} title={day.format(new Date(at))}>
    {time.format(new Date(at))}
  </time>
)

/** What may be wider than the window scrolls by itself, for a keyboard too. */
export const Scroll = ({ label, children }: { label: string; children: ReactNode }) => (
  // biome-ignore lint/a11y/noNoninteractiveTabindex: without it a keyboard cannot scroll
  <section className="scroll" aria-label={label} tabIndex={0}>
    {children}
  </section>
)
