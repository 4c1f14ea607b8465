import type { Ledger } from './creation.ts'
import { archived, newMachine, newScript } from './creation.ts'
import type { Limits } from './limits.ts'
import { defaultLimits } from './limits.ts'
import type { EngineProof, FiberLookup, SnapshotContext } from './lookup.ts'
import type { Message } from './messages.ts'
import type { Committed, Outcome } from './outcome.ts'
import type { Problem } from './problem.ts'
import { when } from './problem.ts'
import { processEvent, processInvocation } from './process.ts'
import { createPrograms } from './programs.ts'
import type { Fiber } from './records.ts'
import { beginTransaction } from './transaction.ts'
import { allProblems, structuralProblems } from './validation.ts'

/** Programs that are kept compiled: enough for hundreds of definitions, beside those that every game shares. */
const maxPrograms = 4_096

/** The rules of the ledger: what a message may say, and what it does to the fibers. Pure: no clock, no chance, no I/O. */
export type Engine = {
  /** What is wrong with a message by its structure and by what the published commits tell. Empty: nothing. */
  validate(fibers: FiberLookup, message: Message): readonly Problem[]
  /**
   * Validates in full and runs the message as one transaction. `fibers` is only read; the caller stores what changed.
   * `proofs` come sorted by id, then signature: the first signer of a creation is the first owner.
   */
  apply(fibers: FiberLookup, message: Message, proofs: readonly EngineProof[], snapshot: SnapshotContext): Outcome
  /** The same record, sharing with others what it has in common with them: for one that was read from elsewhere. */
  adopt(fiber: Fiber): Fiber
}

/** An engine with a program cache of its own. `limits` replaces single limits of a node. */
export function createEngine({ limits: ownLimits = {} }: { limits?: Partial<Limits> } = {}): Engine {
  const limits = { ...defaultLimits, ...ownLimits }
  const programs = createPrograms(maxPrograms)
  return {
    validate: (fibers, message) => structuralProblems(message, { fibers, limits }),
    apply(fibers, message, proofs, snapshot) {
      const problems = allProblems(message, { fibers, limits, proofs })
      if (problems.length > 0) return { outcome: 'rejected', problems }
      return run({ fibers, limits, programs, snapshot }, message, proofs)
    },
    adopt: (fiber) =>
      fiber.kind === 'machine'
        ? { ...fiber, definition: programs.shareDefinition(fiber.definition) }
        : { ...fiber, scriptProgram: programs.share(fiber.scriptProgram) },
  }
}

function run(base: Ledger, message: Message, proofs: readonly EngineProof[]): Outcome {
  if (message.type === 'CreateStateMachine') return stored(newMachine(base, message, proofs))
  if (message.type === 'CreateScript') return stored(newScript(base, message, proofs))

  const fiber = base.fibers.get(message.fiberId)
  const problems = mismatch(fiber, message.targetSequenceNumber)
  if (problems.length > 0) return { outcome: 'rejected', problems }
  if (fiber?.kind === 'script' && message.type === 'InvokeScript')
    return processInvocation(beginTransaction(base), fiber, message, proofs)
  if (fiber?.kind === 'machine' && message.type === 'TransitionStateMachine')
    return processEvent(beginTransaction(base), fiber, message, proofs)
  if (fiber?.kind === 'machine' && message.type === 'ArchiveStateMachine') return stored(archived(base, fiber))
  throw new TypeError(`Validation let ${message.type} through for a fiber of another kind.`)
}

/** What validation let through as early is refused when its turn comes: the numbers must be equal then. */
const mismatch = (fiber: Fiber | undefined, target: number | null): readonly Problem[] =>
  when(
    target !== null && target !== fiber?.sequenceNumber,
    'SequenceNumberMismatch',
    `The target sequence number is ${target}, the fiber is at ${fiber?.sequenceNumber}.`,
  )

const stored = (fiber: Fiber): Committed => ({
  outcome: 'committed',
  changed: [fiber],
  receipt: null,
  invocation: null,
  emitted: [],
  warnings: [],
})
