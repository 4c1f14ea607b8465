import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lets whoever was woken together go on a few at a time. */
export type Turns = {
  /** Resolves in this turn of the event loop while few went on in it, else in a later one. */
  take(): Promise<void>
}

/**
 * Many that wake at once would keep the loop for as long as all of them take; between turns it answers others.
 * @param perTurn how many go on in one turn (≥ 1)
 */
export function createTurns(perTurn: number): Turns {
  let taken = 0
  let next: Promise<void> | undefined
  return {
    async take() {
      while (taken >= perTurn) await next
      taken += 1
      next ??= nextTurn().then(() => {
        taken = 0
        next = undefined
      })
    },
  }
}
