import type { JsonObject } from '../core/json.ts'
import type { Node } from './node.ts'
import type { Layer, Route } from './router.ts'
import { json, text } from './router.ts'

/** Ours, not a Tessellation version: nobody should take the devnet for a real node. */
const version = 'otto-devnet'

/** What every node answers about itself. @see Constellation node: `NodeRoutes`, `ClusterRoutes` */
export const nodeRoutes = (node: Node, layer: Layer): readonly Route[] => [
  { method: 'GET', path: '/node/info', handle: () => json(nodeInfo(node, layer)) },
  { method: 'GET', path: '/node/state', handle: () => json(node.state) },
  { method: 'GET', path: '/node/health', handle: () => text('') },
  { method: 'GET', path: '/cluster/info', handle: () => json([peerInfo(node, layer)]) },
]

const nodeInfo = ({ id, session, state, host, ports }: Node, layer: Layer): JsonObject => ({
  state,
  session,
  clusterSession: session,
  version,
  host,
  publicPort: ports[layer],
  p2pPort: 0, // there is nobody to gossip with
  id,
})

/** Here the sessions are texts, as nodes have it. */
const peerInfo = ({ id, session, state, host, ports }: Node, layer: Layer): JsonObject => ({
  id,
  ip: host,
  publicPort: ports[layer],
  p2pPort: 0,
  clusterSession: String(session),
  session: String(session),
  state,
  jar: '',
})
