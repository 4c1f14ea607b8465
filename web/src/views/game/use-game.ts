import type { QueryClient } from '@tanstack/react-query'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useState } from 'react'
import type { GameView } from '../../api/client.ts'
import { dataOf, service } from '../../api/client.ts'
import { ServiceError } from '../../api/errors.ts'
import type { IntentStep, LiveRecord } from '../../live/record.ts'
import type { StreamState } from '../../live/stream.ts'
import { useStream } from '../../live/use-stream.ts'
import { newerOf } from './newer.ts'

export type LiveGame = {
  readonly view: GameView | undefined
  readonly error: unknown
  readonly stream: StreamState
  /** The newest step of a write that this service sends for the game. */
  readonly intent: IntentStep | undefined
  readonly accept: (view: GameView) => void
  readonly look: () => void
}

export const gameKey = (id: string): readonly unknown[] => ['game', id.toLowerCase()]

/** Keeps a view unless a newer one is known. `id` may be any id of the game. */
const keep = (queries: QueryClient, id: string, view: GameView): void => {
  queries.setQueryData<GameView>(gameKey(id), (known) => newerOf(known, view))
}

/** Is there no such game, or is it no id of one? */
export const isMissing = (error: unknown): boolean =>
  error instanceof ServiceError && (error.status === 404 || error.status === 400)

/** How often a game is read while its stream is not there. */
const lookEveryMs = 3_000

/** A game as the ledger holds it, kept new by its stream, or by looking while there is none. */
export function useGame(id: string): LiveGame {
  const queries = useQueryClient()
  const [intent, setIntent] = useState<IntentStep>()
  const onRecord = (record: LiveRecord) => {
    if (record.type === 'intent') setIntent(record.intent)
    else if (record.type !== 'gap') keep(queries, id, record.game)
  }
  const stream = useStream(`/otto/games/${encodeURIComponent(id)}/events`, onRecord)
  const { data, error, refetch } = useQuery({
    queryKey: gameKey(id),
    queryFn: async ({ signal }) => {
      const view = await dataOf(service.GET('/otto/games/{id}/state', { params: { path: { id } }, signal }))
      return newerOf(queries.getQueryData<GameView>(gameKey(id)), view)
    },
    // What is not there does not come by asking again; a game that was there may.
    refetchInterval: ({ state }) =>
      stream === 'live' || (state.data === undefined && isMissing(state.error)) ? false : lookEveryMs,
  })
  const accept = useCallback((view: GameView) => keep(queries, id, view), [queries, id])
  const look = useCallback(() => void refetch(), [refetch])
  return { view: data, error, stream, intent, accept, look }
}
