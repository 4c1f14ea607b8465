import { useQuery } from '@tanstack/react-query'
import { dataOf, service } from '../../api/client.ts'
import type { components } from '../../api/schema.d.ts'
import type { LedgerMessage } from '../../ledger/message.ts'

/** The signed messages of a game, oldest first; `complete` is false where older ones are not shown any more. */
export type Messages = Omit<components['schemas']['GameMessages'], 'messages'> & {
  readonly messages: readonly LedgerMessage[]
}

/** Read anew whenever a newer snapshot touched the game; what is there stays while it is read. */
export const useMessages = (gameId: string, ordinal: number) =>
  useQuery({
    queryKey: ['messages', gameId, ordinal],
    // The values come out of parsed JSON.
    queryFn: async ({ signal }) =>
      (await dataOf(
        service.GET('/otto/games/{id}/messages', { params: { path: { id: gameId } }, signal }),
      )) as Messages,
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
