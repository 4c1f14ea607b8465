/** Who asked for something, and how long the answer may take. */
export type Caller = {
  /** Whose request keys these are. */
  readonly principal: string
  /** The caller's own key for this request, undefined without one. */
  readonly requestKey: string | undefined
  /** Fires when the caller hangs up. Stops what has not been sent; what was sent is followed to its end. */
  readonly gone: AbortSignal
  /** Fires at the deadline; every read of the ledger carries it. */
  readonly deadline: AbortSignal
  /** The same moment on the monotonic clock. */
  readonly deadlineMs: number
  /** Told when the first byte of a message may have left. */
  readonly onSubmitting: () => void
}

/** For what may stop at once when nobody listens any more. */
export const untilGone = ({ gone, deadline }: Caller): AbortSignal => AbortSignal.any([gone, deadline])
