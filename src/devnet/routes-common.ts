import type { Dialect } from '../dialect/dialect.ts'
import { orFault } from './admission.ts'
import { undecodable } from './answers.ts'
import { parseEnvelope } from './envelope.ts'
import type { Route } from './router.ts'
import { json } from './router.ts'
import { decodeUpdate } from './update.ts'
import type { LedgerView } from './view.ts'

/** What a node would hash of an envelope; its proofs are not looked at. @see Workchain `util/hash` */
export const utilHashRoute = (dialect: Dialect): Route => ({
  method: 'POST',
  path: `${dialect.prefix}/util/hash`,
  handle({ readBody }) {
    const decoded = orFault(() => decodeUpdate(dialect, parseEnvelope(readBody()).value))
    if (typeof decoded === 'string') return undecodable(decoded)
    return json({ 'protocol message hash': decoded.hash, 'protocol message': decoded.wire })
  },
})

/** The on-chain state as one layer knows it. */
export const onChainRoute = (dialect: Dialect, view: LedgerView): Route => ({
  method: 'GET',
  path: `${dialect.prefix}/onchain`,
  handle: () => json(dialect.encodeOnChain(view, view.log)),
})
