/** Where the ledger's view shows a snapshot, and one of its messages. */
export function ledgerPath(
  ordinal: number,
  { hash, before = null }: { hash?: string | undefined; before?: string | null } = {},
): string {
  const query = new URLSearchParams({
    ...(before === null ? {} : { before }),
    ordinal: String(ordinal),
    ...(hash === undefined ? {} : { hash }),
  })
  return `/ledger?${query}`
}

export const gamePath = (gameId: string): string => `/games/${encodeURIComponent(gameId)}`
