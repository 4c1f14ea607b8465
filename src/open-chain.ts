import type { Logger } from 'pino'
import type { BreakingTransport } from './chain/breaking-transport.ts'
import { breakTransport } from './chain/breaking-transport.ts'
import type { Chain } from './chain/chain.ts'
import { createChain } from './chain/create-chain.ts'
import { createHttpTransport } from './chain/http-transport.ts'
import type { Transport } from './chain/transport.ts'
import type { Config } from './config.ts'
import type { Devnet } from './devnet/devnet.ts'
import type { Dialect } from './dialect/dialect.ts'
import type { Metrics } from './metrics/metrics.ts'
import { systemClock } from './system.ts'

type Parts = {
  readonly dialect: Dialect
  readonly devnet: Devnet | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

/** A ledger, and the breakers before its layers, where there are any. */
export type Ledger = { readonly chain: Chain; readonly breakers: Partial<BreakingTransport['breakers']> }

/** The same chain over HTTP to nodes elsewhere, or by calls into the ledger of this process, which need no breaker. */
export function openChain({ nodes }: Config, { dialect, devnet, metrics, log }: Parts): Ledger {
  const transport: Transport | undefined = nodes ? createHttpTransport({ ...nodes, clock: systemClock }) : devnet
  if (transport === undefined) throw new TypeError('A ledger is either embedded or elsewhere.')
  const watched = metrics.watchTransport(transport)
  const breaking = nodes ? breakNodes(watched, metrics, log) : undefined
  const clock = systemClock
  const readTimeoutMs = nodes ? 10_000 : Number.POSITIVE_INFINITY // calls in this process do not get lost
  const parts = { transport: breaking ?? watched, dialect, clock, random: Math.random, readTimeoutMs }
  const chain = createChain(parts)
  metrics.gauge('otto_snapshot_ordinal', 'The newest snapshot that the metagraph L0 shows.', (signal) =>
    chain.readOrdinal({ signal }),
  )
  return { chain: metrics.watchChain(chain), breakers: breaking?.breakers ?? {} }
}

function breakNodes(transport: Transport, metrics: Metrics, log: Logger): BreakingTransport {
  const onChange = (upstream: string, state: 'open' | 'closed') =>
    log[state === 'open' ? 'warn' : 'info']({ upstream, state }, 'circuit breaker')
  const breaking = breakTransport(transport, { clock: systemClock, onChange })
  metrics.watchBreaker('l1', breaking.breakers.l1)
  metrics.watchBreaker('l0', breaking.breakers.l0)
  return breaking
}
