import { useQuery } from '@tanstack/react-query'
import { dataOf, getJson, service } from '../../api/client.ts'
import type { LedgerMessage, Nulls } from '../../ledger/message.ts'

/** The signed messages of a game, oldest first; `complete` is false where older ones are not shown any more. */
export type Messages = {
  readonly gameId: string
  readonly nulls: Nulls
  readonly messages: readonly LedgerMessage[]
  readonly complete: boolean
}

/** Read anew whenever a newer snapshot touched the game; what is there stays while it is read. */
export const useMessages = (gameId: string, ordinal: number) =>
  useQuery({
    queryKey: ['messages', gameId, ordinal],
    queryFn: ({ signal }) => getJson<Messages>(`/otto/games/${encodeURIComponent(gameId)}/messages`, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 10_000,
    placeholderData: (known) => (known?.gameId === gameId ? known : undefined),
  })

/** The addresses that the service's wallets have. */
export const useWallets = () =>
  useQuery({
    queryKey: ['wallets'],
    queryFn: ({ signal }) => dataOf(service.GET('/wallets', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })
