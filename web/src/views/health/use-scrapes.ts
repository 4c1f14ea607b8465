import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { dataOf, service } from '../../api/client.ts'
import type { Scrape } from '../../metrics/derive.ts'
import { parseMetrics } from '../../metrics/parse.ts'

/** A scrape, and when it was made: epoch seconds, for the axis. */
export type TimedScrape = Scrape & { readonly atSeconds: number }

const everyMs = 5_000
/** Five minutes, and the one that the first difference needs. */
const maxScrapes = 61

/** The last five minutes of what the service counts, as far as the view has been open. */
export function useScrapes() {
  const [scrapes, setScrapes] = useState<readonly TimedScrape[]>([])
  const { data, error, refetch } = useQuery({
    queryKey: ['metrics'],
    queryFn: ({ signal }) => scrape(signal),
    refetchInterval: everyMs,
    structuralSharing: false,
    gcTime: 0,
    retry: false,
  })
  useEffect(() => {
    if (data !== undefined) setScrapes((known) => [...known, data].slice(-maxScrapes))
  }, [data])
  return { scrapes, error, retry: () => void refetch() }
}

async function scrape(signal: AbortSignal): Promise<TimedScrape> {
  const text = await dataOf(service.GET('/metrics', { parseAs: 'text', signal }))
  const samples = parseMetrics(text).filter(({ name }) => kept.test(name))
  return { seconds: performance.now() / 1_000, atSeconds: Date.now() / 1_000, samples }
}

/** Sixty scrapes of everything would be many megabytes. */
const kept = /^otto_(?:tool_seconds_bucket|http_seconds_bucket|http_requests_total)$/
