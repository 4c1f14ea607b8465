/** The token that a person gave; kept for this tab alone, never in a cookie or an address. */
const name = 'otto.token'
const listeners = new Set<() => void>()

export const readToken = (): string | null => sessionStorage.getItem(name)

export function keepToken(token: string | null): void {
  if (token === null || token === '') sessionStorage.removeItem(name)
  else sessionStorage.setItem(name, token)
  for (const listener of listeners) listener()
}

export function onToken(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** Headers of every request of the page. */
export function authorization(): Record<string, string> {
  const token = readToken()
  return token === null ? {} : { authorization: `Bearer ${token}` }
}
