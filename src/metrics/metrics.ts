import type { Chain } from '../chain/chain.ts'
import type { Transport } from '../chain/transport.ts'
import type { ChatObserver } from '../chat/create-chat.ts'
import type { Breaker } from '../core/breaker.ts'
import type { Clock } from '../core/clock.ts'
import type { ObserveRequest } from '../core/observe.ts'
import type { Engine } from '../fiber/engine.ts'
import type { TurnObserver } from '../llm/turn.ts'
import type { Signer } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'
import type { Sink } from '../telemetry/sink.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import { createChildren } from './_children.ts'
import type { Exposition } from './_exposition.ts'
import { createExposition } from './_exposition.ts'
import { createCounters, createReadGauge, createStateGauge } from './_families.ts'
import { createInstruments } from './_instruments.ts'
import { chatObserver, gasObserver, ledgerObserver, requestObserver, toolObserver } from './_observers.ts'
import { createAgentCounts } from './agent-counts.ts'
import { observeChain, observeTransport } from './observed-chain.ts'
import type { ObservedEngine } from './observed-engine.ts'
import { observeEngine } from './observed-engine.ts'
import { observeSigner, observeVerifier } from './observed-signing.ts'
import { observeTools } from './observed-tools.ts'

/**
 * Counts and times what the parts do, from outside: each `watch…` gives the same part, observed. No label holds an id, an
 * address, or a word that a stranger chose.
 */
export type Metrics = {
  watchTools(catalog: ToolCatalog): ToolCatalog
  watchChain(chain: Chain): Chain
  watchTransport(transport: Transport): Transport
  watchSigner(signer: Signer): Signer
  watchVerifier(verifier: Verifier): Verifier
  /** `eventNames`: the events that are told apart. */
  watchEngine(engine: Engine, eventNames: readonly string[]): ObservedEngine
  /** Tells whether an upstream is left alone. */
  watchBreaker(upstream: 'l1' | 'l0' | 'model', breaker: Pick<Breaker, 'state'>): void
  /** The model servers that agents name: whether one is left alone, and whether asking again helped. */
  readonly models: {
    watchBreaker(provider: string, breaker: Pick<Breaker, 'state'>): void
    transient(provider: string, outcome: 'recovered' | 'failed'): void
  }
  readonly requests: ObserveRequest
  readonly chats: ChatObserver & TurnObserver
  /** Counts what agents do: subscribe it to the events. */
  readonly events: Sink
  /** A number that is asked for at each scrape; left out of it when asking fails or takes longer than a second. */
  gauge(name: `otto_${string}`, help: string, read: (signal: AbortSignal) => Promise<number>): void
  /** Everything as Prometheus reads it. @see Prometheus text exposition format 0.0.4 */
  expose(): Promise<Exposition>
}

/** Counts of its own for each service, so that two in one process do not count for each other. */
export function createMetrics({ clock }: { clock: Pick<Clock, 'monotonicMs'> }): Metrics {
  const instruments = createInstruments()
  const breakers = createStateGauge({
    name: 'otto_breaker_open',
    help: '1 while an upstream is left alone since it failed too often, else 0.',
    label: 'upstream',
  })
  const transients = createCounters({
    name: 'otto_llm_transient_total',
    help: 'Passing failures of model servers (429, 503, a reset), by whether asking again helped.',
    labels: ['provider', 'outcome'],
  })
  const transientOf = createChildren((provider) => createChildren((outcome) => transients.child(provider, outcome)))
  const watchBreaker = (upstream: string, breaker: Pick<Breaker, 'state'>): void =>
    breakers.watch(upstream, () => (breaker.state() === 'closed' ? 0 : 1))
  const agents = createAgentCounts()
  const families = [
    ...[...Object.values(instruments), breakers, transients].map(({ family }) => family),
    ...agents.families,
  ]
  const ledger = { observe: ledgerObserver(instruments), clock }
  const signing = { observe: instruments.signSeconds.child(), clock }
  const verifying = { observe: instruments.verifySeconds.child(), clock }
  const gas = gasObserver(instruments)
  const observer = toolObserver(instruments)
  return {
    watchTools: (catalog) => observeTools({ catalog, clock, observer }),
    watchChain: (chain) => observeChain(chain, ledger),
    watchTransport: (transport) => observeTransport(transport, ledger),
    watchSigner: (signer) => observeSigner(signer, signing),
    watchVerifier: (verifier) => observeVerifier(verifier, verifying),
    watchEngine: (engine, eventNames) => observeEngine({ engine, eventNames, observe: gas }),
    watchBreaker,
    models: {
      watchBreaker: (provider, breaker) => watchBreaker(`model-${provider}`, breaker),
      transient: (provider, outcome) => transientOf(provider)(outcome)(),
    },
    requests: requestObserver(instruments),
    chats: chatObserver(instruments),
    events: agents.sink,
    gauge: (name, help, read) => void families.push(createReadGauge({ name, help }, read)),
    expose: createExposition(() => families),
  }
}
