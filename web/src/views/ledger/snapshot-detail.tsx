import { useEffect, useRef, useState } from 'react'
import { ServiceError } from '../../api/errors.ts'
import { fill, t } from '../../texts.ts'
import { Short } from '../../ui/parts.tsx'
import { Empty, Failure, Loading } from '../../ui/states.tsx'
import { MessageCard } from './message-card.tsx'
import type { LedgerMessage, Snapshot } from './use-ledger.ts'
import { useSnapshot } from './use-ledger.ts'

type Props = {
  readonly ordinal: string
  /** The message that was asked for. */
  readonly hash: string | null
}

/** What one snapshot holds. */
export function SnapshotDetail({ ordinal, hash }: Props) {
  const { data, error, refetch } = useSnapshot(ordinal)
  const isMissing = error instanceof ServiceError && (error.status === 404 || error.status === 400)
  return (
    <section className="card snapshot" aria-labelledby="snapshot-title">
      <h2 id="snapshot-title">{fill(t.ledger.snapshot, { ordinal })}</h2>
      {data !== undefined ? (
        <Held snapshot={data} hash={hash} />
      ) : isMissing ? (
        <Empty title={t.ledger.gone} />
      ) : error === null ? (
        <Loading lines={10} />
      ) : (
        <Failure error={error} onRetry={() => void refetch()} />
      )}
    </section>
  )
}

function Held({ snapshot, hash }: { snapshot: Snapshot; hash: string | null }) {
  return (
    <>
      <p className="row quiet">
        {t.ledger.lastHash} <Short text={snapshot.lastSnapshotHash} label={t.ledger.lastHash} />
      </p>
      {snapshot.messages.length === 0 ? (
        <Empty title={t.ledger.noMessages} />
      ) : (
        <Messages messages={snapshot.messages} hash={hash} />
      )}
    </>
  )
}

/** A snapshot may hold thousands. */
const step = 50

function Messages({ messages, hash }: { messages: readonly LedgerMessage[]; hash: string | null }) {
  const askedAt = messages.findIndex((message) => message.hash === hash)
  const [shown, setShown] = useState(Math.max(step, askedAt + 1))
  const asked = useRef<HTMLLIElement>(null)
  useEffect(() => {
    void asked.current?.scrollIntoView({ block: 'nearest' }) // a promise in newer browsers, which is no way to clean up
  }, [])
  const rest = messages.length - shown
  return (
    <>
      <ol className="messages">
        {messages.slice(0, shown).map((message, at) => (
          // The same bytes may lie in a snapshot twice: the place tells them apart.
          // biome-ignore lint/suspicious/noArrayIndexKey: a snapshot never changes
          <li key={at} ref={at === askedAt ? asked : undefined}>
            <MessageCard message={message} isAsked={at === askedAt} />
          </li>
        ))}
      </ol>
      {rest > 0 && (
        <button type="button" onClick={() => setShown(shown + step)}>
          {fill(t.ledger.moreMessages, { count: Math.min(rest, step) })}
        </button>
      )}
    </>
  )
}
