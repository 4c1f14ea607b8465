import { useEffect, useRef, useState, useSyncExternalStore } from 'react'
import type { GameView } from '../api/client.ts'
import { callTool } from '../api/client.ts'
import { isWorthAsking, ServiceError } from '../api/errors.ts'
import type { Attempt, Write, WriteState } from '../views/game/use-write.ts'
import { askModel, NoMoveError } from './ask-model.ts'
import { pickCell } from './brains.ts'
import type { Brain, Play } from './play.ts'
import { speeds } from './play.ts'
import { autoKey } from './request-key.ts'

/** How often one move is tried by itself; after that a person is asked. */
const maxTries = 8
const retryAfterMs = 3_000

type AutoPlay = { readonly isPaused: boolean; readonly setPaused: (isPaused: boolean) => void }

/**
 * Makes the moves that are not a person's. Each has one key for its place in the game and one cell for its key, so that
 * two tabs ask for the same thing, which is done once. A hidden tab waits.
 */
export function useAutoPlay(view: GameView | undefined, play: Play, write: Write): AutoPlay {
  const [isPaused, setPaused] = useState(false)
  const isVisible = useSyncExternalStore(onVisibility, () => document.visibilityState === 'visible')
  const tries = useRef({ key: '', count: 0 })
  const attempt = view === undefined ? undefined : attemptFor(view, play)
  const newest = useRef({ attempt, write })
  newest.current = { attempt, write }
  const key = attempt?.key
  const isFree = isVisible && !isPaused
  const waitMs = waitFor(write.state, key, tries.current, speeds[play.speed])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another state of the write is another wait
  useEffect(() => {
    if (key === undefined || !isFree || waitMs === null) return
    const timer = setTimeout(() => {
      const now = newest.current
      if (now.attempt?.key !== key) return
      tries.current = { key, count: tries.current.key === key ? tries.current.count + 1 : 1 }
      now.write.run(now.attempt)
    }, waitMs)
    return () => clearTimeout(timer)
  }, [key, isFree, waitMs, write.state])
  return { isPaused, setPaused }
}

function onVisibility(listener: () => void): () => void {
  document.addEventListener('visibilitychange', listener)
  return () => document.removeEventListener('visibilitychange', listener)
}

/** The move that Otto owes; undefined while it is a person's turn, or nobody's. */
function attemptFor(view: GameView, { as, brain }: Play): Attempt | undefined {
  const { turn } = view
  return turn === null || as === 'both' || as === turn ? undefined : autoAttempt(view, turn, brain)
}

function autoAttempt(view: GameView, player: 'X' | 'O', brain: Brain): Attempt | undefined {
  const key = autoKey(view)
  if (brain === 'model') return { key, move: undefined, isAuto: true, send: modelSender(view, key) }
  const cell = pickCell(brain, { board: view.board, turn: player, seed: key })
  if (cell === undefined) return undefined
  const send = () => callTool('ttt_make_move', { gameId: view.gameId, player, cell }, key)
  return { key, move: { player, cell }, isAuto: true, send }
}

/** A model that answered without a move is asked anew; else the same question is the same request. */
function modelSender(view: GameView, key: string): Attempt['send'] {
  let answers = 0
  return () =>
    askModel(view, `${key}:model:${answers}`).catch((error: unknown) => {
      if (error instanceof NoMoveError) answers += 1
      throw error
    })
}

/** How long to wait before the move is sent; null while it must not be. */
function waitFor(
  state: WriteState,
  key: string | undefined,
  tries: { readonly key: string; readonly count: number },
  usualMs: number,
): number | null {
  if (state.kind === 'going') return null
  if (state.kind === 'idle' || state.kind === 'done') return usualMs
  if (state.attempt.key !== key) return state.kind === 'unknown' || !state.attempt.isAuto ? null : usualMs
  if (tries.key === key && tries.count >= maxTries) return null
  if (state.kind === 'unknown') return retryAfterMs
  const { error } = state
  if (!isWorthAsking(error) || !(error instanceof ServiceError)) return null
  return error.retryAfterSeconds === undefined ? retryAfterMs : error.retryAfterSeconds * 1_000
}
