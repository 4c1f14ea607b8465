import type { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { openDeadline, orAborted } from '../core/deadline.ts'
import type { JsonValue } from '../core/json.ts'
import type { ReadOptions } from './chain.ts'
import { CircuitOpenError, LedgerUnreachableError } from './errors.ts'
import type { Layer, NodeAnswer, Transport } from './transport.ts'

/**
 * Asks one route and gives a node's answer, 200 or another 4xx, within the reading time.
 * @throws LedgerUnreachableError for no answer, 3xx, 429 and 5xx, and when the signal fires; CircuitOpenError
 */
export type Read = (layer: Layer, path: string, options: ReadOptions) => Promise<NodeAnswer>

export function createRead(transport: Transport, clock: Clock, readTimeoutMs: number): Read {
  const isBounded = Number.isFinite(readTimeoutMs)
  return async (layer, path, options) => {
    const limit = isBounded ? openDeadline(clock, clock.monotonicMs() + readTimeoutMs) : undefined
    const signal = limit ? AbortSignal.any([options.signal, limit.signal]) : options.signal
    try {
      const answer = await orAborted(transport.request({ layer, method: 'GET', path, signal }), signal)
      const { status } = answer
      if (status === 200 || (status >= 400 && status < 500 && status !== 429)) return answer
      throw new LedgerUnreachableError(layer, { reason: 'bad_status', status })
    } catch (cause) {
      if (cause instanceof LedgerUnreachableError || cause instanceof CircuitOpenError) throw cause
      throw new LedgerUnreachableError(layer, { reason: 'no_answer' }, { cause })
    } finally {
      limit?.close()
    }
  }
}

/** The JSON of a 200. @throws LedgerUnreachableError for another status, and for a body that is not JSON */
export function jsonOf(layer: Layer, { status, json }: NodeAnswer): JsonValue {
  if (status !== 200) throw new LedgerUnreachableError(layer, { reason: 'bad_status', status })
  if (json === undefined) throw new LedgerUnreachableError(layer, { reason: 'bad_shape' })
  return json
}

/** The JSON of a 200 in the shape asked for. @throws LedgerUnreachableError */
export function parseAnswer<T>(layer: Layer, answer: NodeAnswer, shape: z.ZodType<T>): T {
  const parsed = shape.safeParse(jsonOf(layer, answer))
  if (!parsed.success) throw new LedgerUnreachableError(layer, { reason: 'bad_shape' }, { cause: parsed.error })
  return parsed.data
}
