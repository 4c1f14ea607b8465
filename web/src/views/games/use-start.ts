import { useMutation } from '@tanstack/react-query'
import { useRef } from 'react'
import { useLocation } from 'wouter'
import { callTool } from '../../api/client.ts'
import { newUuid } from '../../api/uuid.ts'

export type Mode = 'X' | 'O' | 'watch'

/** Creates and starts a game, then opens it. The same click tried again is the same game, by its keys. */
export function useStart() {
  const [, open] = useLocation()
  const key = useRef(newUuid())
  const { mutate, reset, variables, isPending, error } = useMutation({
    mutationFn: async (_mode: Mode) => {
      const { gameId } = await callTool('ttt_create_game', {}, `${key.current}:create`)
      await callTool('ttt_start_game', { gameId }, `${key.current}:start`)
      return gameId
    },
    onSuccess: (gameId, mode) => open(`/games/${gameId}?as=${mode}`),
  })
  const start = (mode: Mode) => {
    key.current = newUuid()
    mutate(mode)
  }
  return { start, again: () => variables && mutate(variables), drop: reset, isPending, error }
}
