/** Who asked for something, and how long the answer may take. */
export type Caller = {
  /** Whose request keys these are. */
  readonly principal: string
  /** One id from the request to the ledger message. */
  readonly traceId: string
  /** The caller's own key for this request, undefined without one. */
  readonly requestKey: string | undefined
  /** Was the request under this key begun before, and its end never stored? */
  readonly isContinued: boolean
  /** Fires when the caller hangs up. Stops what has not been sent; what was sent is followed to its end. */
  readonly gone: AbortSignal
  /** Fires at the deadline; every read of the ledger carries it. */
  readonly deadline: AbortSignal
  /** The same moment on the monotonic clock. */
  readonly deadlineMs: number
  /** How often a message may be sent within this call; as often as the chain thinks right, unless told. */
  readonly maxSends?: number
  /** Told before something is stored to be sent: from here on its fate is open, whatever goes wrong. */
  readonly onSubmitting: () => void
  /** Told when that was taken back, and is certain: nothing of it left this process, and nothing will. */
  readonly onAbandoned: () => void
  /** Told when the Data L1 said that it holds a message. */
  readonly onAccepted: () => void
}

/** For what may stop at once when nobody listens any more. */
export const untilGone = ({ gone, deadline }: Caller): AbortSignal => AbortSignal.any([gone, deadline])
