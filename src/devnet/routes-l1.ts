import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Engine } from '../fiber/engine.ts'
import { orFault } from './admission.ts'
import { invalid, undecodableMessage } from './answers.ts'
import type { Node } from './node.ts'
import type { Published } from './published.ts'
import type { Queue } from './queue.ts'
import type { Answer, Route } from './router.ts'
import { json } from './router.ts'
import { onChainRoute, utilHashRoute, versionRoutes } from './routes-common.ts'
import { decodeUpdate, envelopeOf } from './update.ts'

export type L1Deps = {
  readonly dialect: Dialect
  readonly engine: Engine
  readonly published: Published
  readonly queue: Queue
  readonly submit: (readBody: () => JsonValue) => Promise<Answer>
  readonly node: Node
}

/** The Data L1: it takes messages. @see Constellation Data L1 routes, Workchain `DataL1CustomRoutes` */
export const l1Routes = ({ dialect, engine, published, queue, submit, node }: L1Deps): readonly Route[] => [
  { method: 'POST', path: '/data', handle: ({ readBody }) => submit(readBody) },
  { method: 'GET', path: '/data', handle: () => json(queue.all().map((update) => [envelopeOf(update)])) },
  {
    method: 'POST',
    path: '/data/estimate-fee',
    handle: ({ readBody }) => estimateFee({ dialect, engine, published }, readBody),
  },
  { method: 'GET', path: '/l0/peers', handle: () => json(l0Peers(node)) },
  ...versionRoutes(dialect, 'data-l1'),
  utilHashRoute(dialect),
  onChainRoute(dialect, published.l1),
]

/** The one L0 node that this layer knows: itself. @see Constellation node: `L0Peer` */
const l0Peers = ({ signer, host, ports }: Node): JsonArray => [{ id: signer.id, ip: host, port: ports.l0 }]

/** Nothing costs a fee here; what is worth asking for is the hash. */
function estimateFee(
  { dialect, engine, published }: Pick<L1Deps, 'dialect' | 'engine' | 'published'>,
  readBody: () => JsonValue,
): Answer {
  const decoded = orFault(() => decodeUpdate(dialect, readBody()))
  if (typeof decoded === 'string') return undecodableMessage(decoded)
  const problems = engine.validate(published.l1.fibers, decoded.message)
  if (problems.length > 0) return invalid(problems)
  return json({ fee: 0, updateHash: decoded.hash } satisfies JsonObject)
}
