import { useQuery } from '@tanstack/react-query'
import { service } from '../../api/client.ts'
import { toError } from '../../api/errors.ts'
import type { components } from '../../api/schema.d.ts'

export type Health = components['schemas']['Health']
export type Component = Health['components'][string]

/** A service that is not well says so under 503, in the same words. @throws ServiceError, UnreachableError */
async function readHealth(signal: AbortSignal): Promise<Health> {
  const { data, error, response } = await service.GET('/health', { signal })
  if (data !== undefined) return data
  if (isHealth(error)) return error
  throw toError(error, response)
}

const isHealth = (body: unknown): body is Health => typeof body === 'object' && body !== null && 'components' in body

/** How the parts of the service are, asked again and again while it is shown. */
export const useHealth = (everyMs = 5_000) =>
  useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => readHealth(signal),
    refetchInterval: everyMs,
    retry: false,
  })
