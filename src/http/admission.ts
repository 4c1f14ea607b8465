import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import { OverloadedError, ShuttingDownError } from './errors.ts'

/** How much is done at once. */
export type AdmissionLimits = {
  /** Requests whose answer is not complete; 256 unless told. */
  readonly maxRequestsInFlight?: number
  /** Tool calls that may change the ledger, followed to their end even when the caller is gone; 64 unless told. */
  readonly maxWritesInFlight?: number
}

/** Counts what is running and lets no more in than the limits; lets no write in once it is closed. */
export type Admission = {
  /** Counts a request until its answer is complete or its connection is gone. @throws OverloadedError */
  enter(response: ServerResponse): void
  /** @throws ShuttingDownError or OverloadedError before the work is started */
  write<T>(work: () => Promise<T>): Promise<T>
  close(): void
  isClosed(): boolean
}

export function createAdmission({ maxRequestsInFlight = 256, maxWritesInFlight = 64 }: AdmissionLimits): Admission {
  let requests = 0
  let writes = 0
  let closed = false
  return {
    enter(response) {
      if (requests >= maxRequestsInFlight) throw new OverloadedError('requests')
      requests += 1
      finished(response, () => {
        requests -= 1
      })
    },
    async write(work) {
      if (closed) throw new ShuttingDownError()
      if (writes >= maxWritesInFlight) throw new OverloadedError('writes')
      writes += 1
      try {
        return await work()
      } finally {
        writes -= 1
      }
    },
    close() {
      closed = true
    },
    isClosed: () => closed,
  }
}
