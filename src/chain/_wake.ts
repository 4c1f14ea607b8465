import type { Clock } from '../core/clock.ts'
import type { Turns } from '../core/turns.ts'
import type { Transport } from './transport.ts'

/** Waits of a poll that a snapshot cuts short. */
export type Wake = {
  /** False when the signal fired, and nothing is left to wait for. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>
  close(): void
}

export type WakeDeps = { readonly transport: Transport; readonly clock: Clock; readonly turns: Turns }

/** Why a wait ended early, made once: an abort without a reason costs an exception of its own. */
const snapshotCame = new Error('A snapshot came.')

/** Listens for snapshots that touch a fiber; one that came between two waits ends the next wait at once. */
export function openWake({ transport, clock, turns }: WakeDeps, fiberId: string): Wake {
  let isPending = false
  let cutShort: (() => void) | undefined
  const unsubscribe = transport.onSnapshot?.((fiberIds) => {
    if (!fiberIds.has(fiberId)) return
    isPending = true
    cutShort?.()
  })
  return {
    async wait(ms, signal) {
      const woken = new AbortController()
      cutShort = () => woken.abort(snapshotCame)
      // A rejection only says that the wait ended early; which of the two signals did it is asked below.
      if (!isPending) await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined)
      cutShort = undefined
      isPending = false
      await turns.take() // one snapshot wakes all whose messages are in it
      return !signal.aborted
    },
    close: () => unsubscribe?.(),
  }
}
