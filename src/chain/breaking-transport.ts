import type { Breaker } from '../core/breaker.ts'
import { createBreaker } from '../core/breaker.ts'
import type { Clock } from '../core/clock.ts'
import { CircuitOpenError } from './errors.ts'
import type { Layer, NodeRequest, Transport } from './transport.ts'

export type BreakingOptions = {
  readonly clock: Pick<Clock, 'monotonicMs'>
  /** Told when the breaker of a layer opens or closes. Returns at once, never throws. */
  readonly onChange?: (layer: Layer, state: 'open' | 'closed') => void
}

/** A transport, and the breakers before its layers. */
export type BreakingTransport = Transport & { readonly breakers: Readonly<Record<Layer, Breaker>> }

/** Whoever waited this long was left waiting by the layer, whatever ended the wait: nodes have 5 s for their headers. */
const patienceMs = 5_000

/** What a gateway says of a node that it does not reach, and a node of itself while it is not ready. */
const absentStatuses: readonly number[] = [502, 503, 504]

/**
 * The same transport with a breaker before each layer, however many addresses that has. While one is open, requests to
 * its layer fail with CircuitOpenError, which proves that nothing was sent. Any other answer proves life, a refusal too;
 * a caller who hangs up, or whose own time is short, proves nothing.
 */
export function breakTransport(transport: Transport, { clock, onChange }: BreakingOptions): BreakingTransport {
  const breakerOf = (layer: Layer) =>
    createBreaker({ clock, ...(onChange ? { onChange: (state) => onChange(layer, state) } : {}) })
  const breakers = { l1: breakerOf('l1'), l0: breakerOf('l0') }
  return { ...transport, breakers, request: (asked) => guarded(transport, asked, breakers[asked.layer], clock) }
}

async function guarded(
  transport: Transport,
  asked: NodeRequest,
  breaker: Breaker,
  clock: Pick<Clock, 'monotonicMs'>,
): ReturnType<Transport['request']> {
  const leave = breaker.enter()
  if (leave === undefined) throw new CircuitOpenError(asked.layer, Math.ceil(breaker.retryAfterMs() / 1_000))
  const startMs = clock.monotonicMs()
  try {
    const answer = await transport.request(asked)
    if (absentStatuses.includes(answer.status)) leave.fail()
    else leave.succeed()
    return answer
  } catch (error) {
    if (asked.signal.aborted && clock.monotonicMs() - startMs < patienceMs) leave.cancel()
    else leave.fail()
    throw error
  }
}
