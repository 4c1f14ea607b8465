import type { ReactNode } from 'react'
import { Suspense, useMemo } from 'react'
import { fill, language, t } from '../../texts.ts'
import { lazily } from '../../ui/lazily.ts'
import { Failure, Loading } from '../../ui/states.tsx'
import { rateNow, requestLines, requestsNow, toolLines, toolsNow } from './figures.ts'
import type { TimedScrape } from './use-scrapes.ts'
import { useScrapes } from './use-scrapes.ts'

const Chart = lazily(() => import('./chart.tsx'))

const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 })
const inMs = (seconds: number): string => fill(t.health.milliseconds, { count: number.format(seconds * 1_000) })

/** How long tools took and how much was asked, by what the service counts. */
export function Charts() {
  const { scrapes, error, retry } = useScrapes()
  if (scrapes.length === 0 && error !== null) return <Failure error={error} onRetry={retry} />
  return (
    <div className="columns">
      <ToolTimes scrapes={scrapes} />
      <Requests scrapes={scrapes} />
    </div>
  )
}

type Scraped = { readonly scrapes: readonly TimedScrape[] }

function ToolTimes({ scrapes }: Scraped) {
  const data = useMemo(() => toolLines(scrapes), [scrapes])
  const now = toolsNow(scrapes)
  return (
    <Figure
      title={t.health.latencyTitle}
      isReady={scrapes.length > 1}
      words={
        now === undefined
          ? t.health.latencyQuiet
          : fill(t.health.latencyNow, { count: now.count, p50: inMs(now.p50), p99: inMs(now.p99) })
      }
    >
      <Chart data={data} series={toolSeries} unit=" ms" />
    </Figure>
  )
}

const toolSeries = [
  { label: t.health.p50, colour: '--x' },
  { label: t.health.p99, colour: '--o' },
]

function Requests({ scrapes }: Scraped) {
  const data = useMemo(() => requestLines(scrapes), [scrapes])
  const now = requestsNow(scrapes)
  const rate = number.format(rateNow(scrapes))
  return (
    <Figure
      title={t.health.rateTitle}
      isReady={scrapes.length > 1}
      words={
        now === undefined
          ? t.health.rateQuiet
          : fill(t.health.rateNow, { rate, p50: inMs(now.p50), p99: inMs(now.p99) })
      }
      hint={t.health.rateHint}
    >
      <Chart data={data} series={requestSeries} unit="" />
    </Figure>
  )
}

const requestSeries = [{ label: t.health.rate, colour: '--x' }]

type FigureProps = {
  readonly title: string
  readonly words: string
  readonly hint?: string
  readonly isReady: boolean
  readonly children: ReactNode
}

/** It says in words what the chart draws, and keeps the chart's room from the beginning. */
const Figure = ({ title, words, hint, isReady, children }: FigureProps) => (
  <figure className="card chart">
    <figcaption>
      <h3>{title}</h3>
      <p>{isReady ? words : t.health.measuring}</p>
      {hint && <p className="quiet">{hint}</p>}
    </figcaption>
    <div className="chart-room">{isReady && <Suspense fallback={<Loading />}>{children}</Suspense>}</div>
  </figure>
)
