import type { Layer } from './router.ts'

/** Where a node is in its life: two of a real node's words. */
export type NodeState = 'Ready' | 'Leaving'

/** What the devnet's two layers say about themselves. They are one node. */
export type Node = {
  readonly id: string
  /** When it started, milliseconds since the Unix epoch. */
  readonly session: number
  state: NodeState
  host: string
  /** 0 while nothing listens. */
  readonly ports: { [layer in Layer]: number }
}
