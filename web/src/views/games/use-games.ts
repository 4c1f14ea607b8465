import type { QueryClient } from '@tanstack/react-query'
import { useInfiniteQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useMemo, useRef, useState } from 'react'
import type { GameEntry, GamePage, GameView } from '../../api/client.ts'
import { dataOf, service } from '../../api/client.ts'
import type { LiveRecord } from '../../live/record.ts'
import type { StreamState } from '../../live/stream.ts'
import { useStream } from '../../live/use-stream.ts'
import { gameKey } from '../game/use-game.ts'

export type Filter = {
  readonly machineState: GameEntry['machineState'] | undefined
  readonly status: GameEntry['status'] | undefined
}

/** A game of the list, and its board where that is known for the very same moment. */
export type Listed = { readonly entry: GameEntry; readonly board: GameView['board'] | undefined }

export type GameList = {
  readonly games: readonly Listed[] | undefined
  readonly error: unknown
  readonly stream: StreamState
  readonly hasMore: boolean
  readonly isLoadingMore: boolean
  readonly more: () => void
  readonly again: () => void
}

const pageSize = 100
/** While there is no stream. */
const lookEveryMs = 10_000
const maxKept = 1_000

/** All games that fit a filter, newest first, kept new by the stream of all games. */
export function useGames(filter: Filter): GameList {
  const queries = useQueryClient()
  const again = () => void queries.invalidateQueries({ queryKey: ['games'] })
  const isFiltered = filter.machineState !== undefined || filter.status !== undefined
  const { live, created, stream } = useLive(again, isFiltered)
  const query = useInfiniteQuery({
    queryKey: ['games', filter],
    queryFn: ({ pageParam, signal }) => readPage(filter, pageParam, signal),
    initialPageParam: undefined as string | undefined, // the first page has no cursor
    getNextPageParam: ({ next }: GamePage) => next ?? undefined,
    refetchInterval: stream === 'live' ? false : lookEveryMs,
  })
  const pages = query.data?.pages
  const games = useMemo(
    () => pages && listOf(pages, { live, created: isFiltered ? [] : created, queries, filter }),
    [pages, live, created, isFiltered, queries, filter],
  )
  return {
    games,
    error: query.error,
    stream,
    hasMore: query.hasNextPage,
    isLoadingMore: query.isFetchingNextPage,
    more: () => void query.fetchNextPage(),
    again,
  }
}

function readPage(filter: Filter, cursor: string | undefined, signal: AbortSignal): Promise<GamePage> {
  const { machineState, status } = filter
  const query = {
    limit: pageSize,
    ...(cursor === undefined ? {} : { cursor }),
    ...(machineState === undefined ? {} : { machineState }),
    ...(status === undefined ? {} : { status }),
  }
  return dataOf(service.GET('/otto/games', { params: { query }, signal }))
}

type Live = {
  readonly live: ReadonlyMap<string, GameView>
  readonly created: readonly string[]
  readonly stream: StreamState
}

/** What the stream told since the view was opened; shown a few times a second, however much comes. */
function useLive(readAgain: () => void, isFiltered: boolean): Live {
  const kept = useRef({ views: new Map<string, GameView>(), created: [] as string[] })
  const [shown, setShown] = useState<Omit<Live, 'stream'>>({ live: new Map(), created: [] })
  const soon = useSoon(() => setShown({ live: new Map(kept.current.views), created: [...kept.current.created] }), 250)
  const readSoon = useSoon(readAgain, 2_000)
  const stream = useStream('/otto/events', (record: LiveRecord) => {
    if (record.type === 'gap') return readAgain()
    if (record.type === 'intent') return
    const { views, created } = kept.current
    if (record.type === 'game_created') created.unshift(record.gameId)
    views.delete(record.gameId)
    views.set(record.gameId, record.game)
    if (views.size > maxKept) views.delete(views.keys().next().value ?? '')
    created.splice(maxKept)
    soon()
    if (isFiltered) readSoon() // it may begin to fit, or not to fit any more
  })
  return { ...shown, stream }
}

/** Does a thing once a while, however often it is asked for. */
function useSoon(act: () => void, waitMs: number): () => void {
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  const newest = useRef(act)
  newest.current = act
  useEffect(
    () => () => {
      clearTimeout(timer.current)
      timer.current = undefined
    },
    [],
  )
  return () => {
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      newest.current()
    }, waitMs)
  }
}

type Known = {
  readonly live: ReadonlyMap<string, GameView>
  readonly created: readonly string[]
  readonly queries: QueryClient
  readonly filter: Filter
}

function listOf(pages: readonly GamePage[], { live, created, queries, filter }: Known): readonly Listed[] {
  const entries = new Map(pages.flatMap(({ games }) => games.map((entry) => [entry.gameId, entry])))
  const fresh = created.flatMap((id) => (entries.has(id) ? [] : (live.get(id) ?? [])))
  return [...fresh, ...entries.values()]
    .map((entry) => {
      const view = live.get(entry.gameId) ?? queries.getQueryData<GameView>(gameKey(entry.gameId))
      if (view === undefined || view.ordinal < entry.ordinal) return { entry, board: undefined }
      return { entry: view, board: view.board }
    })
    .filter(({ entry }) => fits(entry, filter))
}

const fits = (entry: GameEntry, { machineState, status }: Filter): boolean =>
  (machineState === undefined || machineState === entry.machineState) &&
  (status === undefined || status === entry.status)
