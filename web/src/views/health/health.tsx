import { fill, language, t } from '../../texts.ts'
import { Failure, Loading } from '../../ui/states.tsx'
import { Charts } from './charts.tsx'
import { Parts } from './parts-table.tsx'
import type { Health as Report } from './use-health.ts'
import { useHealth } from './use-health.ts'
import './health.css'

export default function Health() {
  const { data, error, dataUpdatedAt, refetch } = useHealth()
  return (
    <>
      <h1>{t.health.title}</h1>
      {data === undefined && error === null && <Loading lines={8} />}
      {data === undefined && error !== null && <Failure error={error} onRetry={() => void refetch()} />}
      {data !== undefined && (
        <>
          <Verdict report={data} oldSinceMs={error === null ? undefined : dataUpdatedAt} />
          <section className="card" aria-labelledby="parts-title">
            <h2 id="parts-title">{t.health.parts}</h2>
            <Parts report={data} />
          </section>
        </>
      )}
      <section className="charts" aria-labelledby="charts-title">
        <h2 id="charts-title">{t.health.charts}</h2>
        <Charts />
      </section>
    </>
  )
}

const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium' })

/** @param oldSinceMs when this was said, while nobody answers any more */
function Verdict({ report, oldSinceMs }: { report: Report; oldSinceMs: number | undefined }) {
  const { status, openIntents, oldestOpenMs } = report
  return (
    <section className="card verdict" role="status">
      <p className={`word ${oldSinceMs === undefined ? status : 'old'}`}>
        {oldSinceMs === undefined ? t.health.all[status] : fill(t.health.old, { time: clock.format(oldSinceMs) })}
      </p>
      <p className="quiet">
        {openIntents === undefined
          ? t.health.hidden
          : openIntents === 0
            ? t.health.noOpen
            : fill(t.health.open, { count: openIntents, seconds: Math.round((oldestOpenMs ?? 0) / 1_000) })}
      </p>
    </section>
  )
}
