import { bucketsBetween, countOf, quantile, rateBetween } from '../../metrics/derive.ts'
import type { Sample } from '../../metrics/parse.ts'
import type { TimedScrape } from './use-scrapes.ts'

/** What a chart draws: seconds since the epoch, and lines of the same length; null where nothing is known. */
export type Lines = { readonly atSeconds: readonly number[]; readonly lines: readonly (readonly (number | null)[])[] }

export type Times = { readonly count: number; readonly p50: number; readonly p99: number }

/** This page's own looks and streams that stay open would hide everything else. */
const isWork = ({ route = '' }: Sample['labels']): boolean => !/^\/(?:metrics|health)|\/(?:events|watch)$/.test(route)

const tools = 'otto_tool_seconds'
const requests = 'otto_http_seconds'
const requestCount = 'otto_http_requests_total'

/** How long tool calls took in each step, milliseconds: half of them, and 99 of 100. */
export function toolLines(scrapes: readonly TimedScrape[]): Lines {
  const found = steps(scrapes).map(([before, after]) => bucketsBetween(before, after, tools))
  const line = (q: number) => found.map((buckets) => toMilliseconds(quantile(buckets, q)))
  return { atSeconds: timesOf(scrapes), lines: [line(0.5), line(0.99)] }
}

/** Requests a second in each step. */
export const requestLines = (scrapes: readonly TimedScrape[]): Lines => ({
  atSeconds: timesOf(scrapes),
  lines: [steps(scrapes).map(([before, after]) => rateBetween(before, after, requestCount, isWork) ?? null)],
})

export const toolsNow = (scrapes: readonly TimedScrape[]): Times | undefined => lastMinute(scrapes, tools, () => true)
export const requestsNow = (scrapes: readonly TimedScrape[]): Times | undefined => lastMinute(scrapes, requests, isWork)

/** Requests a second in the newest step. */
export function rateNow(scrapes: readonly TimedScrape[]): number {
  const [before, after] = scrapes.slice(-2)
  return before && after ? (rateBetween(before, after, requestCount, isWork) ?? 0) : 0
}

function lastMinute(
  scrapes: readonly TimedScrape[],
  name: string,
  wanted: (labels: Sample['labels']) => boolean,
): Times | undefined {
  const after = scrapes.at(-1)
  const before = scrapes.find(({ seconds }) => seconds >= (after?.seconds ?? 0) - 62)
  if (after === undefined || before === undefined || before === after) return undefined
  const buckets = bucketsBetween(before, after, name, wanted)
  const [p50, p99] = [quantile(buckets, 0.5), quantile(buckets, 0.99)]
  return p50 === undefined || p99 === undefined ? undefined : { count: countOf(buckets), p50, p99 }
}

const steps = (scrapes: readonly TimedScrape[]): readonly (readonly [TimedScrape, TimedScrape])[] =>
  scrapes.flatMap((after, at) => {
    const before = scrapes[at - 1]
    return before === undefined ? [] : [[before, after] as const]
  })

const timesOf = (scrapes: readonly TimedScrape[]): readonly number[] =>
  scrapes.slice(1).map(({ atSeconds }) => atSeconds)

const toMilliseconds = (seconds: number | undefined): number | null => (seconds === undefined ? null : seconds * 1_000)
