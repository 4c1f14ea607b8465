import type { BackOff } from './retry.ts'

/**
 * When a part is started again after its end: `permanent` always, `transient` when it crashed, `temporary` never.
 * @see Erlang/OTP, "Supervisor Behaviour", restart types
 */
export type ChildPolicy = 'permanent' | 'transient' | 'temporary'

/** A part that runs. */
export type Running = {
  /** Resolves when it has ended by itself, rejects when it crashed. Without it, it runs until it is stopped. */
  readonly ended?: Promise<void>
  /** Resolves once it has ended. */
  stop(): Promise<void>
  /** Of a part that supervises others: what they do. */
  tree?(): readonly ChildNode[]
}

/** A part as it is to be supervised. */
export type ChildSpec = {
  /** Unique among its siblings. */
  readonly id: string
  readonly policy: ChildPolicy
  /** Its signal fires when it takes longer than 60 s, and when it is stopped before it runs. */
  start(signal: AbortSignal): Promise<Running>
}

/** `waiting`: it crashed and is started again in a while; `failed`: it is not, until somebody asks for it. */
export type ChildState = 'starting' | 'running' | 'waiting' | 'stopping' | 'stopped' | 'failed'

export type ChildChange = {
  readonly id: string
  readonly from: ChildState
  readonly to: ChildState
  /** How often it was started again. */
  readonly restarts: number
  /** Of its last crash, the first 200 characters. */
  readonly error?: string
}

/** A part and what it supervises, as they stand. */
export type ChildNode = Omit<ChildChange, 'from' | 'to'> & {
  readonly policy: ChildPolicy
  readonly state: ChildState
  readonly children: readonly ChildNode[]
}

export type SupervisorLimits = {
  readonly backOff: BackOff
  /** So many restarts within `windowMs`, then it stays down. */
  readonly maxRestarts: number
  readonly windowMs: number
  /** How long a start, and a stop, may take. */
  readonly startMs: number
  readonly stopMs: number
  readonly maxChildren: number
}

/** 1 s to 60 s between restarts, 5 of them in 10 minutes, at most 10,000 parts. */
export const supervisorLimits: SupervisorLimits = {
  backOff: { firstMs: 1_000, factor: 2, maxMs: 60_000, jitter: 0.2 },
  maxRestarts: 5,
  windowMs: 600_000,
  startMs: 60_000,
  stopMs: 10_000,
  maxChildren: 10_000,
}
