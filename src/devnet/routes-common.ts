import type { Dialect } from '../dialect/dialect.ts'
import { orFault } from './admission.ts'
import { undecodable } from './answers.ts'
import { parseEnvelope } from './envelope.ts'
import type { Route } from './router.ts'
import { json } from './router.ts'
import { devnetVersion } from './routes-node.ts'
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

/** @see OttoChain `VersionInfo`; what a Scala build would tell is nothing here */
export const versionRoutes = (dialect: Dialect, service: string): readonly Route[] =>
  dialect.name === 'workchain'
    ? []
    : [
        {
          method: 'GET',
          path: `${dialect.prefix}/version`,
          handle: () =>
            json({
              service,
              version: devnetVersion,
              name: devnetVersion,
              scalaVersion: 'none',
              sbtVersion: 'none',
              gitCommit: 'none',
              buildTime: 'none',
              tessellationVersion: devnetVersion,
            }),
        },
      ]

/** The on-chain state as one layer knows it. */
export const onChainRoute = (dialect: Dialect, view: LedgerView): Route => ({
  method: 'GET',
  path: `${dialect.prefix}/onchain`,
  handle: () => json(dialect.encodeOnChain(view, view.log)),
})
