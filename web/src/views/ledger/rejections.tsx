import { Link } from 'wouter'
import { t } from '../../texts.ts'
import { Moment, Scroll, Short } from '../../ui/parts.tsx'
import { Empty, Failure, Loading } from '../../ui/states.tsx'
import { gamePath } from './links.ts'
import type { Rejection } from './use-ledger.ts'
import { useRejections } from './use-ledger.ts'

/** Writes of this service that came to nothing, and why. */
export function Rejections() {
  const { data, error, refetch } = useRejections()
  return (
    <section className="card rejections" aria-labelledby="rejections-title">
      <h2 id="rejections-title">{t.ledger.rejections}</h2>
      <p className="quiet">{t.ledger.rejectionsLead}</p>
      {data === undefined ? (
        error === null ? (
          <Loading lines={3} />
        ) : (
          <Failure error={error} onRetry={() => void refetch()} />
        )
      ) : data.length === 0 ? (
        <Empty title={t.ledger.noRejections} />
      ) : (
        <Table rejections={data} />
      )}
    </section>
  )
}

const Table = ({ rejections }: { rejections: readonly Rejection[] }) => (
  <Scroll label={t.ledger.reason}>
    <table>
      <thead>
        <tr>
          <th scope="col">{t.ledger.time}</th>
          <th scope="col">{t.ledger.reason}</th>
          <th scope="col">{t.ledger.game}</th>
          <th scope="col">{t.ledger.place}</th>
          <th scope="col">{t.ledger.hash}</th>
          <th scope="col">{t.ledger.trace}</th>
        </tr>
      </thead>
      <tbody>
        {rejections.map((rejection) => (
          <Row key={`${rejection.at} ${rejection.hash} ${rejection.slot}`} rejection={rejection} />
        ))}
      </tbody>
    </table>
  </Scroll>
)

const Row = ({ rejection: { at, code, message, gameId, slot, hash, traceId } }: { rejection: Rejection }) => (
  <tr>
    <td>
      <Moment at={at} />
    </td>
    <td className="reason">
      <code>{code}</code>
      <br />
      {message}
    </td>
    <td>
      <Link href={gamePath(gameId)}>
        <code>{gameId.slice(0, 8)}…</code>
      </Link>
    </td>
    <td>
      <code>{slot}</code>
    </td>
    <td>
      <Short text={hash} label={t.ledger.hash} />
    </td>
    <td>
      <Short text={traceId} label={t.ledger.trace} />
    </td>
  </tr>
)
