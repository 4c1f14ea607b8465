/** Told how long something took, in seconds, for statistics. Called on the hot path: returns at once, never throws. */
export type ObserveSeconds = (seconds: number) => void

/** One HTTP request whose answer is complete, or whose caller is gone. */
export type ObservedRequest = {
  readonly method: string
  /** The pattern of its route, undefined where no route has the path. */
  readonly route: string | undefined
  readonly status: number
  readonly seconds: number
}

/** Told of each request, on the same terms. */
export type ObserveRequest = (request: ObservedRequest) => void
