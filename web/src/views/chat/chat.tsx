import { useEffect, useRef, useState } from 'react'
import { t } from '../../texts.ts'
import { Approvals } from './approvals.tsx'
import { Composer } from './composer.tsx'
import type { Entry } from './conversation.ts'
import { EntryView } from './entries.tsx'
import { ModelChoice, NoModel } from './model-choice.tsx'
import type { Approval } from './use-approvals.ts'
import { chat, useChat } from './use-chat.ts'
import './chat.css'

export default function Chat() {
  const { conversation, isBusy } = useChat()
  const { entries } = conversation
  const [model, setModel] = useState<string>()
  const send = (text: string) => chat.send(text, model)
  const goOn = (approval: Approval, isAllowed: boolean) => {
    // The chat asked for it and goes on by this word. After a refusal there is nothing to go on with.
    if (isAllowed && asksFor(chat.read().conversation.entries.at(-1), approval.id)) send(t.chat.yes)
  }
  return (
    <div className="chat">
      <h1>{t.chat.title}</h1>
      <p className="lead">{t.chat.lead}</p>
      <div className="row tools">
        <ModelChoice model={model} onChoose={setModel} />
        <button type="button" onClick={() => chat.clear()} disabled={entries.length === 0}>
          {t.chat.fresh}
        </button>
      </div>
      <div className="room card">
        <NoModel />
        <Log entries={entries} onAgain={() => chat.again(model)} onStart={send} />
        <Approvals onDecided={goOn} />
      </div>
      <Composer isBusy={isBusy} onSend={send} onStop={() => chat.stop()} />
    </div>
  )
}

const asksFor = (entry: Entry | undefined, approvalId: string): boolean =>
  entry?.role === 'assistant' &&
  entry.state !== 'open' &&
  entry.pieces.some((piece) => piece.kind === 'run' && piece.run.approvalId === approvalId)

type LogProps = {
  readonly entries: readonly Entry[]
  readonly onAgain: () => void
  readonly onStart: (text: string) => void
}

/** What was said. It stays at its end, unless a person has scrolled up to read. */
function Log({ entries, onAgain, onStart }: LogProps) {
  const room = useRef<HTMLDivElement>(null)
  const isAtEnd = useRef(true)
  const goToEnd = () => {
    if (isAtEnd.current) room.current?.scrollTo({ top: room.current.scrollHeight })
  }
  // biome-ignore lint/correctness/useExhaustiveDependencies: whatever was added moves the end
  useEffect(goToEnd, [entries])
  // biome-ignore lint/correctness/useExhaustiveDependencies: it reads nothing but what stays
  useEffect(() => {
    if (room.current === null) return
    const sizes = new ResizeObserver(goToEnd) // what waits for a person takes of this room
    sizes.observe(room.current)
    return () => sizes.disconnect()
  }, [])
  return (
    <div
      ref={room}
      className="log"
      role="log"
      aria-label={t.chat.log}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
      tabIndex={0}
      onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
        isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40
      }}
    >
      {entries.length === 0 && <Starts onStart={onStart} />}
      {entries.map((entry, at) => (
        <EntryView key={entry.id} entry={entry} onAgain={at === entries.length - 1 ? onAgain : undefined} />
      ))}
    </div>
  )
}

const Starts = ({ onStart }: { onStart: LogProps['onStart'] }) => (
  <div className="starts">
    <p className="quiet">{t.chat.empty}</p>
    {t.chat.starts.map((text) => (
      <button key={text} type="button" onClick={() => onStart(text)}>
        {text}
      </button>
    ))}
  </div>
)
