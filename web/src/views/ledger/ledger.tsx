import { useSearchParams } from 'wouter'
import { t } from '../../texts.ts'
import { Empty, LiveSign } from '../../ui/states.tsx'
import { Rejections } from './rejections.tsx'
import { Results, SearchForm } from './search.tsx'
import { SnapshotDetail } from './snapshot-detail.tsx'
import { Snapshots } from './snapshots.tsx'
import { useLiveLedger, useSearch } from './use-ledger.ts'
import './ledger.css'

/** `?ordinal=` shows a snapshot, `?hash=` the message with it, `?q=` searches, `?before=` pages back. */
export default function Ledger() {
  const [params] = useSearchParams()
  const state = useLiveLedger()
  const hash = params.get('hash')
  const wanted = params.get('q') ?? (params.has('ordinal') ? null : hash)
  const ordinal = useOrdinal(params.get('ordinal'), hash)
  return (
    <>
      <div className="row">
        <h1>{t.ledger.title}</h1>
        <LiveSign state={state} />
      </div>
      <p className="lead">{t.ledger.lead}</p>
      <SearchForm key={wanted} wanted={wanted ?? ''} />
      {wanted !== null && <Results wanted={wanted} />}
      <div className="ledger">
        <Snapshots before={params.get('before')} chosen={ordinal} />
        {ordinal === undefined ? (
          <Empty title={t.ledger.choose} />
        ) : (
          <SnapshotDetail key={ordinal} ordinal={ordinal} hash={hash} />
        )}
      </div>
      <Rejections />
    </>
  )
}

/** The snapshot that is named, or the one that holds the message or snapshot with this hash. */
function useOrdinal(named: string | null, hash: string | null): string | undefined {
  const { data } = useSearch(named === null ? hash : null)
  if (named !== null) return named
  const found = data?.found.find(({ ordinal }) => ordinal !== undefined)
  return found === undefined ? undefined : String(found.ordinal)
}
