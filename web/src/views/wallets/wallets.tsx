import { fill, t } from '../../texts.ts'
import { Short } from '../../ui/parts.tsx'
import { Empty, Failure, Loading } from '../../ui/states.tsx'
import { UsageChart } from './usage-chart.tsx'
import { shownDays, useAddresses, useUsage } from './use-wallets.ts'
import './wallets.css'

export default function Wallets() {
  return (
    <>
      <h1>{t.wallets.title}</h1>
      <p className="lead">{t.wallets.lead}</p>
      <Addresses />
      <Usage />
    </>
  )
}

function Addresses() {
  const { data, error, refetch } = useAddresses()
  if (data === undefined)
    return error === null ? <Loading lines={4} /> : <Failure error={error} onRetry={() => void refetch()} />
  return (
    <div className="columns">
      <Wallet mark="X" name={t.wallets.playerX} address={data.playerX.address} />
      <Wallet mark="O" name={t.wallets.playerO} address={data.playerO.address} />
    </div>
  )
}

const Wallet = ({ mark, name, address }: { mark: 'X' | 'O'; name: string; address: string }) => (
  <section className="card wallet" aria-label={name}>
    <h2>
      <span className={`mark-${mark}`}>{name}</span>
    </h2>
    <p className="quiet">{t.wallets.address}</p>
    <Short text={address} label={`${t.wallets.address}, ${name}`} isWhole />
  </section>
)

function Usage() {
  const { data, error, refetch } = useUsage()
  return (
    <section className="card usage" aria-labelledby="usage-title">
      <h2 id="usage-title">{t.wallets.usage}</h2>
      <p className="quiet">{fill(t.wallets.usageHint, { days: shownDays })}</p>
      <div className="usage-room">
        {data !== undefined ? (
          data.every(({ playerX, playerO }) => playerX + playerO === 0) ? (
            <Empty title={t.wallets.none} />
          ) : (
            <UsageChart days={data} />
          )
        ) : error === null ? (
          <Loading lines={7} />
        ) : (
          <Failure error={error} onRetry={() => void refetch()} />
        )}
      </div>
    </section>
  )
}
