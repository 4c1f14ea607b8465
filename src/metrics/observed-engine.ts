import type { Engine } from '../fiber/engine.ts'
import type { Outcome } from '../fiber/outcome.ts'
import type { EventReceipt } from '../fiber/records.ts'

/** One event that an engine ran. `event` is `other` for a name that is none of those told. */
export type ObserveGas = (event: string, outcome: 'committed' | 'aborted', gas: number) => void

export type ObservedEngineDeps = {
  readonly engine: Engine
  /** Names of events that are told apart. */
  readonly eventNames: readonly string[]
  readonly observe: ObserveGas
}

/** `begin` starts the observation: a ledger that opens runs again what it ran before, and that is no news. */
export type ObservedEngine = { readonly engine: Engine; begin(): void }

/** The same engine, the gas of every event observed. */
export function observeEngine({ engine, eventNames, observe }: ObservedEngineDeps): ObservedEngine {
  const known = new Set(eventNames)
  let isLive = false
  return {
    begin() {
      isLive = true
    },
    engine: {
      ...engine,
      apply(fibers, message, proofs, snapshot) {
        const outcome = engine.apply(fibers, message, proofs, snapshot)
        if (!isLive || message.type !== 'TransitionStateMachine' || outcome.outcome === 'rejected') return outcome
        const receipt = receiptOf(outcome, message.fiberId)
        const event = known.has(message.eventName) ? message.eventName : 'other'
        if (receipt !== undefined) observe(event, outcome.outcome, receipt.gasUsed)
        return outcome
      },
    },
  }
}

/** What the addressed machine says about its event. */
function receiptOf({ changed }: Exclude<Outcome, { outcome: 'rejected' }>, fiberId: string): EventReceipt | undefined {
  const machine = changed.find((fiber) => fiber.fiberId === fiberId)
  return (machine?.kind === 'machine' ? machine.lastReceipt : null) ?? undefined
}
