import { fill, language, t } from '../../texts.ts'
import type { DayUsage } from './use-wallets.ts'

const height = 160
const step = 20
const bar = 14

const toDay = new Intl.DateTimeFormat(language, { day: 'numeric', month: 'short', timeZone: 'UTC' })
const nameOf = (day: string): string => toDay.format(new Date(`${day}T00:00:00Z`))

/** A column a day, X below and O above; the same as a table for who cannot see it. */
export function UsageChart({ days }: { days: readonly DayUsage[] }) {
  const most = Math.max(1, ...days.map(({ playerX, playerO }) => playerX + playerO))
  return (
    <>
      <Legend most={most} />
      <svg
        className="bars"
        viewBox={`0 0 ${days.length * step} ${height}`}
        preserveAspectRatio="none"
        aria-hidden="true"
      >
        {days.map((usage, at) => (
          <Column key={usage.day} usage={usage} x={at * step + (step - bar) / 2} unit={height / most} />
        ))}
      </svg>
      <div className="bars-days quiet" aria-hidden="true">
        <span>{nameOf(days[0]?.day ?? '')}</span>
        <span>{nameOf(days.at(-1)?.day ?? '')}</span>
      </div>
      <UsageTable days={days} />
    </>
  )
}

const Legend = ({ most }: { most: number }) => (
  <p className="row legend">
    <span className="mark-X">■ {t.wallets.playerX}</span>
    <span className="mark-O">■ {t.wallets.playerO}</span>
    <span className="quiet">{fill(t.wallets.most, { count: most })}</span>
  </p>
)

function Column({ usage, x, unit }: { usage: DayUsage; x: number; unit: number }) {
  const { day, playerX, playerO } = usage
  return (
    <g>
      <title>{fill(t.wallets.bar, { day: nameOf(day), playerX, playerO })}</title>
      <rect className="bar-X" x={x} width={bar} y={height - playerX * unit} height={playerX * unit} />
      <rect className="bar-O" x={x} width={bar} y={height - (playerX + playerO) * unit} height={playerO * unit} />
    </g>
  )
}

const UsageTable = ({ days }: { days: readonly DayUsage[] }) => (
  <div className="unseen">
    <table>
      <caption>{t.wallets.usage}</caption>
      <thead>
        <tr>
          <th scope="col">{t.wallets.day}</th>
          <th scope="col">{t.wallets.playerX}</th>
          <th scope="col">{t.wallets.playerO}</th>
        </tr>
      </thead>
      <tbody>
        {days
          .filter(({ playerX, playerO }) => playerX + playerO > 0)
          .map(({ day, playerX, playerO }) => (
            <tr key={day}>
              <th scope="row">{nameOf(day)}</th>
              <td>{playerX}</td>
              <td>{playerO}</td>
            </tr>
          ))}
      </tbody>
    </table>
  </div>
)
