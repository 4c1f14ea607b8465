import { Link } from 'wouter'
import { t } from '../../texts.ts'
import { Short } from '../../ui/parts.tsx'
import { Empty, Failure, Loading } from '../../ui/states.tsx'
import { ledgerPath } from './links.ts'
import type { SnapshotEntry } from './use-ledger.ts'
import { useSnapshots } from './use-ledger.ts'

type Props = { readonly before: string | null; readonly chosen: string | undefined }

/** The snapshots, newest first, a page of them. */
export function Snapshots({ before, chosen }: Props) {
  const { data, error, refetch } = useSnapshots(before)
  return (
    <section className="card snapshots" aria-labelledby="snapshots-title">
      <h2 id="snapshots-title">{t.ledger.snapshots}</h2>
      {error !== null && <Failure error={error} onRetry={() => void refetch()} />}
      {data === undefined && error === null && <Loading lines={12} />}
      {data?.snapshots.length === 0 && <Empty title={t.ledger.noSnapshots} />}
      {data !== undefined && data.snapshots.length > 0 && (
        <>
          <div className="scroll pages">
            <table>
              <thead>
                <tr>
                  <th scope="col">{t.ledger.ordinal}</th>
                  <th scope="col">{t.ledger.messages}</th>
                  <th scope="col">{t.ledger.lastHash}</th>
                </tr>
              </thead>
              <tbody>
                {data.snapshots.map((entry) => (
                  <Row key={entry.ordinal} entry={entry} isChosen={String(entry.ordinal) === chosen} before={before} />
                ))}
              </tbody>
            </table>
          </div>
          <p className="row">
            {before !== null && <Link href="/ledger">{t.ledger.newest}</Link>}
            {data.next === null ? (
              <span className="quiet">{t.ledger.last}</span>
            ) : (
              <Link href={`/ledger?before=${data.next}`}>{t.ledger.older}</Link>
            )}
          </p>
        </>
      )}
    </section>
  )
}

type RowProps = { readonly entry: SnapshotEntry; readonly isChosen: boolean; readonly before: string | null }

const Row = ({ entry: { ordinal, messages, lastSnapshotHash }, isChosen, before }: RowProps) => (
  <tr className={isChosen ? 'chosen' : ''}>
    <td>
      <Link href={ledgerPath(ordinal, { before })} aria-current={isChosen ? 'true' : undefined}>
        {ordinal}
      </Link>
    </td>
    <td>{messages}</td>
    <td>
      <Short text={lastSnapshotHash} label={t.ledger.lastHash} />
    </td>
  </tr>
)
