/** What bounds a message and a transaction. Counts are counts of steps and bytes, never of time. */
export type Limits = {
  /** Triggers that one transaction may fire, exclusive: ten means that nine can commit. */
  readonly triggers: number
  /** Gas of one transaction, expressions and engine together. */
  readonly gas: number
  /** Canonical bytes of an effect's result, a script's result and any state data. */
  readonly stateBytes: number
  /** Levels of a guard, an effect or a program. */
  readonly expressionDepth: number
  /** Estimated bytes, not canonical ones. @see estimateSize */
  readonly payloadBytes: number
  readonly initialDataBytes: number
  readonly stringLength: number
  readonly arrayLength: number
  readonly mapEntries: number
  readonly states: number
  readonly transitions: number
  readonly transitionsPerState: number
  /** Gas that the engine itself charges, on top of what expressions use. */
  readonly triggerGas: number
  readonly spawnGas: number
  readonly contextGas: number
}

/**
 * The limits of a node with its default gas profile. A node holds only effects to `stateBytes`; here everything stored is.
 * @see OttoChain `ExecutionLimits`, `FiberGasConfig.Default`, `Limits`
 */
export const defaultLimits: Limits = {
  triggers: 10,
  gas: 10_000_000,
  stateBytes: 1_048_576,
  expressionDepth: 100,
  payloadBytes: 102_400,
  initialDataBytes: 1_048_576,
  stringLength: 10_000,
  arrayLength: 1_000,
  mapEntries: 100,
  states: 100,
  transitions: 500,
  transitionsPerState: 20,
  triggerGas: 5,
  spawnGas: 50,
  contextGas: 10,
}
