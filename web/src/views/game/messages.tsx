import { Suspense, useState } from 'react'
import { Link } from 'wouter'
import type { GameView } from '../../api/client.ts'
import type { LedgerMessage, Nulls } from '../../ledger/message.ts'
import { t } from '../../texts.ts'
import { lazily } from '../../ui/lazily.ts'
import { Short } from '../../ui/parts.tsx'
import { Failure, Loading } from '../../ui/states.tsx'
import { yesOrNo } from './history.tsx'
import type { useMessages } from './use-messages.ts'

// Curve and hashes are loaded by the first who opens a message.
const Proven = lazily(() => import('./proven.tsx'))

/** Every message of the game as it was signed, each to be verified here. */
export function MessageList({ view, query }: { view: GameView; query: ReturnType<typeof useMessages> }) {
  const { data, error, refetch } = query
  return (
    <section className="card" aria-labelledby="messages">
      <h2 id="messages">{t.game.messages}</h2>
      <p className="quiet">{t.game.messagesAbout}</p>
      {data === undefined && error !== null && <Failure error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={3} />}
      {data?.messages.length === 0 && <p>{t.game.noMessages}</p>}
      {data?.complete === false && <p className="quiet">{t.game.incomplete}</p>}
      <ol className="messages">
        {data?.messages.map((message) => (
          <li key={`${message.ordinal} ${message.hash}`}>
            <Message message={message} nulls={data.nulls} view={view} />
          </li>
        ))}
      </ol>
    </section>
  )
}

type Props = { readonly message: LedgerMessage; readonly nulls: Nulls; readonly view: GameView }

function Message({ message, nulls, view }: Props) {
  const [isOpen, setOpen] = useState(false)
  const { columns } = t.game
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        <b>{message.eventName ?? message.type}</b> <code>{message.hash.slice(0, 8)}</code>{' '}
        <span className="quiet">
          {columns.ordinal} {message.ordinal} · {columns.success}: {yesOrNo(message.success)}
        </span>
      </summary>
      <p className="row">
        {columns.hash} <Short text={message.hash} label={columns.hash} />
        {columns.ordinal} <Link href={`/ledger?ordinal=${message.ordinal}`}>{message.ordinal}</Link>
        {message.signers.map((signer) => (
          <span key={signer}>
            {columns.signer} <Short text={signer} label={columns.signer} />
          </span>
        ))}
      </p>
      {isOpen && (
        <Suspense fallback={<Loading lines={3} />}>
          <Proven message={message} nulls={nulls} view={view} />
        </Suspense>
      )}
    </details>
  )
}
