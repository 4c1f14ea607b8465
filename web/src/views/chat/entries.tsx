import { t } from '../../texts.ts'
import { blocksOf } from './blocks.ts'
import type { Answer, Entry, Failed } from './conversation.ts'
import { RunCard } from './run-card.tsx'

type Props = { readonly entry: Entry; readonly onAgain: (() => void) | undefined }

/** One thing that was said. @param onAgain asks for the answer anew; undefined where that makes no sense */
export const EntryView = ({ entry, onAgain }: Props) =>
  entry.role === 'user' ? (
    <article className="said you" aria-label={t.chat.you}>
      <p>{entry.text}</p>
    </article>
  ) : (
    <AnswerView answer={entry} onAgain={onAgain} />
  )

function AnswerView({ answer, onAgain }: { answer: Answer; onAgain: Props['onAgain'] }) {
  const { pieces, thinking, state, failure } = answer
  return (
    <article className="said otto" aria-label={t.chat.otto} aria-busy={state === 'open'}>
      {pieces.map((piece, at) =>
        // A piece only grows, and none comes before it while it is shown.
        piece.kind === 'run' ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: the same call may run twice under one id
          <RunCard key={at} run={piece.run} />
        ) : (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Words key={at} text={piece.text} />
        ),
      )}
      {state !== 'open' && thinking.trim() !== '' && (
        <details>
          <summary>{t.chat.thinking}</summary>
          <p className="quiet">{thinking.trim()}</p>
        </details>
      )}
      {state === 'open' && <Writing note={thinking.trim().split('\n').at(-1) ?? ''} />}
      {state === 'stopped' && <p className="quiet">{t.chat.stopped}</p>}
      {failure !== undefined && <FailureView failure={failure} />}
      {state !== 'open' && state !== 'done' && onAgain !== undefined && (
        <button type="button" onClick={onAgain}>
          {t.chat.again}
        </button>
      )}
    </article>
  )
}

/** Boards keep their columns, words their line breaks. */
const Words = ({ text }: { text: string }) =>
  blocksOf(text).map(({ isBoard, text: block }, at) =>
    isBoard ? (
      // biome-ignore lint/suspicious/noArrayIndexKey: a text only grows at its end
      <pre key={at}>{block}</pre>
    ) : (
      // biome-ignore lint/suspicious/noArrayIndexKey: as above
      <p key={at}>{block.trim()}</p>
    ),
  )

const Writing = ({ note }: { note: string }) => (
  <p className="quiet writing">
    {t.chat.writing} <code>{note.slice(0, 120)}</code>
  </p>
)

const FailureView = ({ failure: { message, code, hint } }: { failure: Failed }) => (
  <div className="failed" role="alert">
    <p>{message}</p>
    {hint !== undefined && <p className="quiet">{hint}</p>}
    {code !== undefined && (
      <p className="quiet">
        {t.chat.code} <code>{code}</code>
      </p>
    )}
  </div>
)
