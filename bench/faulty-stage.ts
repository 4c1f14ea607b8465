import { loadCore, startWorker } from './child.ts'
import type { LedgerAnswer, LedgerRequest } from './processes/faulty-ledger.ts'
import type { StressAnswer, StressRequest } from './processes/stress-load.ts'
import { temporaryFolder } from './service.ts'

/** A ledger that behaves as told, clients that count, and a folder for a service between them. */
export type FaultyStage = {
  readonly folder: string
  /** Settings by which a service finds the ledger. */
  readonly env: Readonly<Record<string, string>>
  /** Both layers behave so from now on. */
  behave(how: LedgerRequest): Promise<unknown>
  load(request: StressRequest): Promise<StressAnswer>
}

/** The ledger and the clients share a core; the service has the other one. */
export async function withFaultyStage<T>(work: (stage: FaultyStage) => Promise<T>): Promise<T> {
  await using open = new AsyncDisposableStack()
  const folder = await temporaryFolder()
  open.defer(() => folder.remove())
  const ledger = startWorker('faulty-ledger', loadCore)
  open.defer(() => ledger.stop())
  const clients = startWorker('stress-load', loadCore)
  open.defer(() => clients.stop())
  const { l1, l0 } = await ledger.ask<LedgerAnswer>(good)
  return await work({
    folder: folder.path,
    env: { OTTO_L1_URL: l1, OTTO_L0_URL: l0 },
    behave: (how) => ledger.ask(how),
    load: (request) => clients.ask<StressAnswer>(request),
  })
}

/** Nothing goes wrong. */
export const good: LedgerRequest = { l1: 'works', l0: 'works' }
