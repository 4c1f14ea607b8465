import { isFateOpen } from '../llm/open-fate.ts'
import type { TurnEvent } from '../llm/turn.ts'

/** Remembers of a turn whether anything may have been signed in it. */
export type SignedSoFar = {
  note(event: TurnEvent): void
  /**
   * A write that succeeded, one whose fate is not known, or a call that has not come back. Clients repeat a request that
   * got a 5xx: from here on a failure is told in the answer itself.
   */
  mayHaveSigned(): boolean
}

export function createSignedSoFar(): SignedSoFar {
  const underWay = new Set<string>()
  let hasSigned = false
  return {
    note(event) {
      if (event.type === 'call') underWay.add(event.call.id)
      if (event.type !== 'result') return
      underWay.delete(event.run.id)
      hasSigned ||= (event.run.isWrite && event.run.success) || isFateOpen(event.run)
    },
    mayHaveSigned: () => hasSigned || underWay.size > 0,
  }
}
