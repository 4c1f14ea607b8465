import { useCallback, useEffect, useRef, useState } from 'react'
import type { GameView } from '../../api/client.ts'
import { isOpenEnd } from './open-end.ts'
import type { LiveGame } from './use-game.ts'

/** One thing that is asked for; sent again it is the same thing, by its key. */
export type Attempt = {
  readonly key: string
  /** The move, where it is one. */
  readonly move: { readonly player: 'X' | 'O'; readonly cell: number } | undefined
  /** A move of the page's own accord is tried again by itself. */
  readonly isAuto: boolean
  readonly send: () => Promise<GameView>
}

export type WriteState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'going'; readonly attempt: Attempt; readonly place: Place }
  | { readonly kind: 'done'; readonly attempt: Attempt; readonly tookMs: number }
  | { readonly kind: 'unknown' | 'failed'; readonly attempt: Attempt; readonly place: Place; readonly error: unknown }

/** Where the game stood when something was asked for. */
type Place = Pick<GameView, 'machineId' | 'roundCount' | 'moveCount' | 'ordinal'>

export type Write = {
  readonly state: WriteState
  /** Is something asked for whose fate the ledger does not show yet? Its own answer may come a moment later. */
  readonly isBusy: boolean
  /** From a person's last move to its confirmation; undefined before the first. */
  readonly tookMs: number | undefined
  readonly run: (attempt: Attempt) => void
  readonly again: () => void
  readonly dismiss: () => void
}

const lookEveryMs = 2_000

/** Writes for one game, one after the other: what is going on, what came of it, and the same again. */
export function useWrite({ view, accept, look }: Pick<LiveGame, 'view' | 'accept' | 'look'>): Write {
  const [state, setState] = useState<WriteState>({ kind: 'idle' })
  const [tookMs, setTook] = useState<number>()
  const going = useRef<{ readonly attempt: Attempt; readonly from: Place }>(undefined)
  const place = useRef(view)
  place.current = view

  const run = useCallback(
    (attempt: Attempt) => {
      const from = place.current
      if (from === undefined || (going.current && !isPast(going.current.from, from))) return
      const mine = { attempt, from }
      going.current = mine
      setState({ kind: 'going', attempt, place: from })
      void settle(attempt, from, accept).then((settled) => {
        if (settled.kind === 'done' && attempt.move && !attempt.isAuto) setTook(settled.tookMs)
        if (going.current !== mine) return // something else was asked for since
        going.current = undefined
        setState(settled)
        if (settled.kind !== 'done') look()
      })
    },
    [accept, look],
  )
  useLookWhileUnknown(state, look)
  useEffect(() => {
    // The ledger went on: what was asked for is there, or something else is in its place. The board shows which.
    const isOver = (state.kind === 'unknown' || state.kind === 'failed') && view && isPast(state.place, view)
    if (isOver) setState({ kind: 'idle' })
  }, [state, view])

  return {
    state,
    isBusy: state.kind === 'going' && !(view && isPast(state.place, view)),
    tookMs,
    run,
    again: () => 'attempt' in state && run(state.attempt),
    dismiss: () => setState({ kind: 'idle' }),
  }
}

/** Has the ledger gone on from where a game stood? */
const isPast = (place: Place, view: Place): boolean => view.ordinal > place.ordinal

async function settle(attempt: Attempt, place: Place, accept: LiveGame['accept']): Promise<WriteState> {
  const startMs = performance.now()
  try {
    accept(await attempt.send())
    return { kind: 'done', attempt, tookMs: Math.round(performance.now() - startMs) }
  } catch (error) {
    return { kind: isOpenEnd(error) ? 'unknown' : 'failed', attempt, place, error }
  }
}

function useLookWhileUnknown({ kind }: WriteState, look: () => void): void {
  useEffect(() => {
    if (kind !== 'unknown') return
    const timer = setInterval(look, lookEveryMs)
    return () => clearInterval(timer)
  }, [kind, look])
}
