import { useQuery } from '@tanstack/react-query'
import { getJson } from '../api/client.ts'

type Health = { readonly components?: { readonly model?: { readonly status: string } } }

/** Does a language model answer? It is asked only where somebody wants to know. */
export function useModel(): boolean {
  const { data } = useQuery({
    queryKey: ['health', 'model'],
    queryFn: ({ signal }) => getJson<Health>('/health', signal),
    refetchInterval: 15_000,
  })
  return data?.components?.model?.status === 'healthy'
}
