import { fill, t } from '../../texts.ts'
import { Moment, Scroll } from '../../ui/parts.tsx'
import type { Component, Health } from './use-health.ts'

const names: Readonly<Record<string, string>> = t.health.names

/** Each part of the service: how it is, since when, and how long its answer took. */
export const Parts = ({ report }: { report: Health }) => (
  <Scroll label={t.health.part}>
    <table className="parts">
      <thead>
        <tr>
          <th scope="col">{t.health.part}</th>
          <th scope="col">{t.health.status}</th>
          <th scope="col">{t.health.since}</th>
          <th scope="col">{t.health.lastOk}</th>
          <th scope="col">{t.health.latency}</th>
        </tr>
      </thead>
      <tbody>
        {Object.entries(report.components).map(([name, component]) => (
          <Part key={name} name={names[name] ?? name} component={component} />
        ))}
      </tbody>
    </table>
  </Scroll>
)

const Part = ({ name, component }: { name: string; component: Component }) => {
  const { status, since, lastOkAt, latencyMs } = component
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>
        <span className={`word ${status}`}>{t.health.words[status]}</span>
      </td>
      <td>{since === undefined ? t.common.none : <Moment at={since} />}</td>
      <td>{lastOkAt === undefined ? t.common.none : lastOkAt === null ? t.health.never : <Moment at={lastOkAt} />}</td>
      <td className="number">
        {latencyMs === undefined ? t.common.none : fill(t.health.milliseconds, { count: latencyMs })}
      </td>
    </tr>
  )
}
