import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef } from 'react'
import { getJson } from '../../api/client.ts'
import type { StreamState } from '../../live/stream.ts'
import { useStream } from '../../live/use-stream.ts'

export type SnapshotEntry = {
  readonly ordinal: number
  readonly lastSnapshotHash: string
  /** How many it holds. */
  readonly messages: number
}
export type SnapshotPage = {
  readonly newest: number
  readonly snapshots: readonly SnapshotEntry[]
  readonly next: number | null
}

export type LedgerMessage = {
  readonly ordinal: number
  readonly hash: string
  readonly type: string
  readonly fiberId: string | null
  readonly eventName: string | null
  readonly gameId: string | null
  readonly signers: readonly string[]
  readonly value: unknown
  readonly proofs: readonly { readonly id: string; readonly signature: string }[]
  readonly gasUsed: number | null
  /** Null where the ledger does not tell. */
  readonly success: boolean | null
}
export type Snapshot = {
  readonly ordinal: number
  readonly lastSnapshotHash: string
  readonly messages: readonly LedgerMessage[]
}

export type Rejection = {
  readonly at: string
  readonly gameId: string
  readonly slot: string
  readonly code: string
  readonly message: string
  readonly hash: string
  readonly traceId: string
}

export type Found = {
  readonly kind: 'game' | 'message' | 'snapshot'
  readonly gameId?: string
  readonly hash?: string
  readonly ordinal?: number
}
export type SearchAnswer = {
  readonly found: readonly Found[]
  readonly searched: { readonly from: number; readonly to: number }
}

/** While the stream tells nothing, the ledger is looked at by itself. */
const lookEveryMs = 10_000

/** A page of snapshots, newest first; the newest page without `before`. */
export const useSnapshots = (before: string | null) =>
  useQuery({
    queryKey: ['ledger', 'snapshots', before],
    queryFn: ({ signal }) =>
      getJson<SnapshotPage>(
        `/otto/ledger/snapshots?limit=50${before === null ? '' : `&before=${encodeURIComponent(before)}`}`,
        signal,
      ),
    // A page further back never changes.
    refetchInterval: before === null ? lookEveryMs : false,
    placeholderData: keepPreviousData,
  })

/** One snapshot: it never changes. */
export const useSnapshot = (ordinal: string) =>
  useQuery({
    queryKey: ['snapshot', ordinal],
    queryFn: ({ signal }) => getJson<Snapshot>(`/otto/ledger/snapshots/${encodeURIComponent(ordinal)}`, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
  })

export const useRejections = () =>
  useQuery({
    queryKey: ['ledger', 'rejections'],
    queryFn: ({ signal }) =>
      getJson<{ rejections: readonly Rejection[] }>('/otto/ledger/rejections?limit=50', signal).then(
        ({ rejections }) => rejections,
      ),
    refetchInterval: lookEveryMs,
  })

/** @param wanted an id or a hash; nothing is asked without one */
export const useSearch = (wanted: string | null) =>
  useQuery({
    queryKey: ['search', wanted],
    queryFn: ({ signal }) => getJson<SearchAnswer>(`/otto/ledger/search?q=${encodeURIComponent(wanted ?? '')}`, signal),
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
