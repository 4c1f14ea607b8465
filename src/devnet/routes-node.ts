import type { JsonObject } from '../core/json.ts'
import type { Node } from './node.ts'
import type { Layer, Route } from './router.ts'
import { json, text } from './router.ts'

/** Ours, not a Tessellation version: nobody should take the devnet for a real node. */
export const devnetVersion = 'otto-devnet'

/** What every node answers about itself. @see Constellation node: `NodeRoutes`, `ClusterRoutes`, `MetagraphRoutes` */
export const nodeRoutes = (node: Node, layer: Layer): readonly Route[] => [
  { method: 'GET', path: '/node/info', handle: () => json(nodeInfo(node, layer)) },
  { method: 'GET', path: '/node/state', handle: () => json(node.state) },
  { method: 'GET', path: '/node/health', handle: () => text('') },
  { method: 'GET', path: '/cluster/info', handle: () => json([peerInfo(node, layer)]) },
  { method: 'GET', path: '/metagraph/info', handle: () => json(metagraphInfo(node, layer)) },
]

const nodeInfo = ({ signer, session, state, host, ports }: Node, layer: Layer): JsonObject => ({
  state,
  session,
  clusterSession: session,
  version: devnetVersion,
  host,
  publicPort: ports[layer],
  p2pPort: 0, // there is nobody to gossip with
  id: signer.id,
})

function metagraphInfo(node: Node, layer: Layer): JsonObject {
  const { version, ...info } = nodeInfo(node, layer)
  return { ...info, tessellationVersion: devnetVersion, metagraphVersion: devnetVersion }
}

/** Here the sessions are texts, as nodes have it. */
const peerInfo = ({ signer, session, state, host, ports }: Node, layer: Layer): JsonObject => ({
  id: signer.id,
  ip: host,
  publicPort: ports[layer],
  p2pPort: 0,
  clusterSession: String(session),
  session: String(session),
  state,
  jar: '',
})
