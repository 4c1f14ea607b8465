import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useEffect, useSyncExternalStore } from 'react'
import { getJson } from '../../api/client.ts'
import { createChatStore } from './chat-store.ts'

/** One a tab. */
export const chat = createChatStore()

/** The chat of this tab; an answer that is over may have left a write that waits. */
export function useChat() {
  const queries = useQueryClient()
  const state = useSyncExternalStore(chat.subscribe, chat.read)
  const { isBusy } = state
  useEffect(() => {
    if (!isBusy) void queries.invalidateQueries({ queryKey: ['approvals'] })
  }, [isBusy, queries])
  return state
}

/** The names of the models that can be asked; none while the model server does not tell. */
export const useModels = () =>
  useQuery({
    queryKey: ['models'],
    queryFn: async ({ signal }) => {
      const { models } = await getJson<{ models: readonly { name: string }[] }>('/api/tags', signal)
      return models.map(({ name }) => name)
    },
    staleTime: 60_000,
    retry: false,
  })
