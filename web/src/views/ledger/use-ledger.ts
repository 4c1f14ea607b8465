import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { dataOf, service } from '../../api/client.ts'
import type { components } from '../../api/schema.d.ts'
import type { StreamState } from '../../live/stream.ts'
import { useStream } from '../../live/use-stream.ts'

type Schemas = components['schemas']
export type SnapshotPage = Schemas['SnapshotPage']
export type SnapshotEntry = SnapshotPage['snapshots'][number]
export type Snapshot = Schemas['SnapshotView']
export type LedgerMessage = Schemas['LedgerMessage']
export type Rejection = Schemas['Rejections']['rejections'][number]
export type SearchAnswer = Schemas['LedgerFindings']
export type Found = SearchAnswer['found'][number]

/** While the stream tells nothing, the ledger is looked at by itself. */
const lookEveryMs = 10_000

/** A page of snapshots, newest first; the newest page without `before`. */
export const useSnapshots = (before: string | null) =>
  useQuery({
    queryKey: ['ledger', 'snapshots', before],
    queryFn: ({ signal }) =>
      dataOf(
        service.GET('/otto/ledger/snapshots', {
          params: { query: { limit: 50, ...(before === null ? {} : { before: Number(before) }) } },
          signal,
        }),
      ),
    // A page further back never changes.
    refetchInterval: before === null ? lookEveryMs : false,
    placeholderData: keepPreviousData,
  })

/** One snapshot: it never changes. */
export const useSnapshot = (ordinal: string) =>
  useQuery({
    queryKey: ['snapshot', ordinal],
    queryFn: ({ signal }) =>
      dataOf(service.GET('/otto/ledger/snapshots/{ordinal}', { params: { path: { ordinal } }, signal })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })

export const useRejections = () =>
  useQuery({
    queryKey: ['ledger', 'rejections'],
    queryFn: ({ signal }) =>
      dataOf(service.GET('/otto/ledger/rejections', { params: { query: { limit: 50 } }, signal })).then(
        ({ rejections }) => rejections,
      ),
    refetchInterval: lookEveryMs,
  })

/** @param wanted an id or a hash; nothing is asked without one */
export const useSearch = (wanted: string | null) =>
  useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) =>
      dataOf(service.GET('/otto/ledger/search', { params: { query: { q: wanted ?? '' } }, signal })),
    enabled: wanted !== null,
  })

/** Reads the ledger anew when something happens in any game, at most twice a second. */
export function useLiveLedger(): StreamState {
  const queries = useQueryClient()
  return useStream(
    '/otto/events',
    useAtMostEvery(500, () => void queries.invalidateQueries({ queryKey: ['ledger'] })),
  )
}

/** The first of many wishes is done after `ms`, the others in between with it. */
function useAtMostEvery(ms: number, run: () => void): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const newest = useRef(run)
  newest.current = run
  useEffect(() => () => clearTimeout(timer.current), [])
  return useCallback(() => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      newest.current()
    }, ms)
  }, [ms])
}
