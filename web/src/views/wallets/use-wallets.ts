import { useQuery } from '@tanstack/react-query'
import { dataOf, service } from '../../api/client.ts'
import type { components } from '../../api/schema.d.ts'

/** How many messages each wallet signed on one day, by UTC. */
export type DayUsage = components['schemas']['WalletUsage']['days'][number]

export const shownDays = 30
const dayMs = 86_400_000

export const useAddresses = () =>
  useQuery({
    queryKey: ['wallets'],
    queryFn: ({ signal }) => dataOf(service.GET('/wallets', { signal })),
    staleTime: 60_000,
  })

/** The last days, oldest first, those without a message too. */
export const useUsage = () =>
  useQuery({
    queryKey: ['wallets', 'usage'],
    queryFn: async ({ signal }) => {
      const { days } = await dataOf(service.GET('/wallets/usage', { params: { query: { days: shownDays } }, signal }))
      return withQuietDays(days, Date.now())
    },
    refetchInterval: 30_000,
  })

function withQuietDays(days: readonly DayUsage[], nowMs: number): readonly DayUsage[] {
  const known = new Map(days.map((usage) => [usage.day, usage]))
  return Array.from({ length: shownDays }, (_, at) => {
    const day = new Date(nowMs - (shownDays - 1 - at) * dayMs).toISOString().slice(0, 10)
    return known.get(day) ?? { day, playerX: 0, playerO: 0 }
  })
}
