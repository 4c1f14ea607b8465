import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useId, useState, useSyncExternalStore } from 'react'
import { dataOf, service } from '../api/client.ts'
import { ServiceError } from '../api/errors.ts'
import { keepToken, onToken, readToken } from '../api/token.ts'
import { t } from '../texts.ts'

/** Asks for the token where the service wants one, and only then. */
export function TokenDoor() {
  const queries = useQueryClient()
  const id = useId()
  const token = useSyncExternalStore(onToken, readToken)
  const [typed, setTyped] = useState('')
  const { error } = useQuery({
    queryKey: ['token', token],
    queryFn: ({ signal }) => dataOf(service.GET('/otto/tools', { signal })),
    staleTime: Number.POSITIVE_INFINITY,
  })
  if (!(error instanceof ServiceError && error.status === 401)) return null
  const use = () => {
    keepToken(typed.trim())
    setTyped('')
    void queries.invalidateQueries()
  }
  return (
    <form
      className="door"
      aria-labelledby={`${id}-title`}
      onSubmit={(event) => {
        event.preventDefault()
        use()
      }}
    >
      <h2 id={`${id}-title`}>{t.token.title}</h2>
      <label htmlFor={id}>{t.token.label}</label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        value={typed}
        onChange={(event) => setTyped(event.target.value)}
      />
      <button type="submit">{t.token.save}</button>
      <p className="quiet">{token === null ? t.token.hint : t.token.wrong}</p>
    </form>
  )
}
