import type { Clock } from '../core/clock.ts'
import type { Transport } from './transport.ts'

/** Waits of a poll that a snapshot cuts short. */
export type Wake = {
  /** False when the signal fired, and nothing is left to wait for. */
  wait(ms: number, signal: AbortSignal): Promise<boolean>
  close(): void
}

/** Listens for snapshots; one that came between two waits ends the next wait at once. */
export function openWake(transport: Transport, clock: Clock): Wake {
  let isPending = false
  let cutShort: (() => void) | undefined
  const unsubscribe = transport.onSnapshot?.(() => {
    isPending = true
    cutShort?.()
  })
  return {
    async wait(ms, signal) {
      const woken = new AbortController()
      cutShort = () => woken.abort()
      if (isPending) woken.abort()
      // A rejection only says that the wait ended early; which of the two signals did it is asked below.
      if (!woken.signal.aborted) await clock.sleep(ms, AbortSignal.any([signal, woken.signal])).catch(() => undefined)
      cutShort = undefined
      isPending = false
      return !signal.aborted
    },
    close: () => unsubscribe?.(),
  }
}
