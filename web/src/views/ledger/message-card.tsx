import type { ReactNode } from 'react'
import { useState } from 'react'
import { Link } from 'wouter'
import { language, t } from '../../texts.ts'
import { Short } from '../../ui/parts.tsx'
import { gamePath } from './links.ts'
import type { LedgerMessage } from './use-ledger.ts'

const number = new Intl.NumberFormat(language)

/** A signed message as the ledger holds it. */
export function MessageCard({ message, isAsked }: { message: LedgerMessage; isAsked: boolean }) {
  const { type, eventName, gameId, fiberId, hash, signers, gasUsed, success } = message
  return (
    <article className={`message${isAsked ? ' asked' : ''}`}>
      {isAsked && <p>{t.ledger.asked}</p>}
      <h3 className="row">
        <code>{eventName === null ? type : `${type} · ${eventName}`}</code>
        <Success success={success} />
      </h3>
      <dl>
        <Fact name={t.ledger.game}>
          {gameId === null ? (
            t.common.none
          ) : (
            <Link href={gamePath(gameId)}>
              <code>{gameId}</code>
            </Link>
          )}
        </Fact>
        <Fact name={t.ledger.fiber}>
          {fiberId === null ? t.common.none : <Short text={fiberId} label={t.ledger.fiber} />}
        </Fact>
        <Fact name={t.ledger.hash}>
          <Short text={hash} label={t.ledger.hash} />
        </Fact>
        <Fact name={t.ledger.signers}>
          {signers.map((signer) => (
            <Short key={signer} text={signer} label={t.ledger.signers} />
          ))}
        </Fact>
        <Fact name={t.ledger.gas}>{gasUsed === null ? t.common.none : number.format(gasUsed)}</Fact>
      </dl>
      <Raw message={message} />
    </article>
  )
}

function Success({ success }: { success: LedgerMessage['success'] }) {
  if (success === null) return <span className="quiet">{t.ledger.unknown}</span>
  return success ? <span className="good">✓ {t.ledger.done}</span> : <span className="bad">✕ {t.ledger.failed}</span>
}

const Fact = ({ name, children }: { name: string; children: ReactNode }) => (
  <div>
    <dt>{name}</dt>
    <dd>{children}</dd>
  </div>
)

/** Written out only once somebody wants to see it. */
function Raw({ message: { value, proofs } }: { message: LedgerMessage }) {
  const [isOpen, setOpen] = useState(false)
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t.ledger.raw}</summary>
      {isOpen && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reached by the keyboard
        <pre tabIndex={0}>{JSON.stringify({ value, proofs }, null, 2)}</pre>
      )}
    </details>
  )
}
