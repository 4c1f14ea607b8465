import { useId, useState } from 'react'
import { Link, useLocation } from 'wouter'
import { fill, t } from '../../texts.ts'
import { Empty, Failure, Loading } from '../../ui/states.tsx'
import { gamePath, ledgerPath } from './links.ts'
import type { Found } from './use-ledger.ts'
import { useSearch } from './use-ledger.ts'

/** @param wanted what was asked for last */
export function SearchForm({ wanted }: { wanted: string }) {
  const id = useId()
  const [, go] = useLocation()
  const [typed, setTyped] = useState(wanted)
  return (
    <search>
      <form
        className="search"
        onSubmit={(event) => {
          event.preventDefault()
          if (typed.trim() !== '') go(`/ledger?${new URLSearchParams({ q: typed.trim() })}`)
        }}
      >
        <label htmlFor={id}>{t.ledger.search}</label>
        <div className="row">
          <input
            id={id}
            type="search"
            value={typed}
            placeholder={t.ledger.searchHint}
            autoComplete="off"
            spellCheck={false}
            onChange={(event) => setTyped(event.target.value)}
          />
          <button type="submit" className="main" disabled={typed.trim() === ''}>
            {t.ledger.find}
          </button>
        </div>
      </form>
    </search>
  )
}

/** What an id or a hash names. */
export function Results({ wanted }: { wanted: string }) {
  const { data, error, refetch } = useSearch(wanted)
  return (
    <section className="card results" aria-live="polite" aria-label={t.ledger.results}>
      {data === undefined ? (
        error === null ? (
          <Loading lines={2} />
        ) : (
          <Failure error={error} onRetry={() => void refetch()} />
        )
      ) : data.found.length === 0 ? (
        <Empty title={fill(t.ledger.nothing, data.searched)} />
      ) : (
        <ul>
          {data.found.map((found) => (
            <li key={`${found.kind} ${found.gameId} ${found.ordinal} ${found.hash}`}>
              <Hit found={found} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Hit({ found: { kind, gameId, hash, ordinal } }: { found: Found }) {
  if (kind === 'game' && gameId !== undefined)
    return <Link href={gamePath(gameId)}>{fill(t.ledger.toGame, { id: gameId })}</Link>
  if (ordinal === undefined)
    return gameId === undefined ? (
      <code>{hash}</code>
    ) : (
      <Link href={gamePath(gameId)}>{fill(t.ledger.toGame, { id: gameId })}</Link>
    )
  const text = kind === 'message' ? t.ledger.toMessage : t.ledger.toSnapshot
  return (
    <Link href={ledgerPath(ordinal, { hash: kind === 'message' ? hash : undefined })}>{fill(text, { ordinal })}</Link>
  )
}
