import type { ReactNode } from 'react'
import { ServiceError, UnreachableError } from '../api/errors.ts'
import type { StreamState } from '../live/stream.ts'
import { t } from '../texts.ts'

/** While something is read. It takes the room that the thing will have, so that nothing jumps. */
export const Loading = ({ lines = 6 }: { lines?: number }) => (
  <div className="loading" role="status" aria-label={t.common.loading}>
    {Array.from({ length: lines }, (_, line) => line).map((line) => (
      <span key={line} />
    ))}
  </div>
)

export const Empty = ({ title, children }: { title: string; children?: ReactNode }) => (
  <section className="note">
    <p>{title}</p>
    {children}
  </section>
)

/** A failure in plain words: the fact, the next step, and a way on. */
export function Failure({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const fact =
    error instanceof UnreachableError ? t.errors.unreachable : error instanceof Error ? error.message : String(error)
  const hint = error instanceof ServiceError ? error.hint : undefined
  return (
    <section className="note bad" role="alert">
      <p>{fact}</p>
      {hint && <p className="quiet">{hint}</p>}
      {onRetry && (
        <button type="button" onClick={onRetry}>
          {t.errors.retry}
        </button>
      )}
    </section>
  )
}

/** Is what is shown as new as it can be? */
export const LiveSign = ({ state }: { state: StreamState }) => (
  <span className={`sign ${state}`} role="status">
    {t.live[state]}
  </span>
)
