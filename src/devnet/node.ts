import type { Signer } from '../signing/signed.ts'
import type { Layer } from './router.ts'

/** Where a node is in its life, in a real node's words. Before it is ready it does not listen yet. */
export type NodeState = 'Ready' | 'Leaving' | 'Offline'

/** What the devnet's two layers say about themselves. They are one node. */
export type Node = {
  /** Names the node by its id, and signs its snapshots. */
  readonly signer: Signer
  /** When it started, milliseconds since the Unix epoch. */
  readonly session: number
  state: NodeState
  host: string
  /** 0 while nothing listens. */
  readonly ports: { [layer in Layer]: number }
}
