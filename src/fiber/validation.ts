import { isJsonObject } from '../core/json.ts'
import { mayInvoke } from './access.ts'
import { definitionProblems, depthProblems } from './definition-rules.ts'
import type { Limits } from './limits.ts'
import type { EngineProof, FiberLookup } from './lookup.ts'
import type {
  ArchiveStateMachine,
  CreateScript,
  CreateStateMachine,
  InvokeScript,
  Message,
  TransitionStateMachine,
} from './messages.ts'
import { estimateSize, structureProblems } from './payload-rules.ts'
import type { Problem } from './problem.ts'
import { when } from './problem.ts'
import type { Fiber, MachineRecord } from './records.ts'

type Scope = { readonly fibers: FiberLookup; readonly limits: Limits }
type SignedScope = Scope & { readonly proofs: readonly EngineProof[] }
type Rule<M, S> = (message: M, scope: S) => readonly Problem[]
/** The data layer knows structure and published commits; the consensus layer also knows records and proofs. */
type RuleSet<M> = { readonly l1: readonly Rule<M, Scope>[]; readonly l0: readonly Rule<M, SignedScope>[] }
type Updating = TransitionStateMachine | ArchiveStateMachine | InvokeScript

/** Structure, and what the published commits can tell: the rules of a node's data layer. */
export const structuralProblems = (message: Message, scope: Scope): readonly Problem[] => run(message, scope, undefined)

/** The rules of the consensus layer: those of the data layer again, then records and proofs. */
export const allProblems = (message: Message, scope: SignedScope): readonly Problem[] => run(message, scope, scope)

function run(message: Message, scope: Scope, signed: SignedScope | undefined): readonly Problem[] {
  const check = <M>(rules: RuleSet<M>, checked: M): readonly Problem[] => [
    ...rules.l1.flatMap((rule) => rule(checked, scope)),
    ...(signed === undefined ? [] : rules.l0.flatMap((rule) => rule(checked, signed))),
  ]
  switch (message.type) {
    case 'CreateStateMachine':
      return check(createStateMachine, message)
    case 'TransitionStateMachine':
      return check(transitionStateMachine, message)
    case 'ArchiveStateMachine':
      return check(archiveStateMachine, message)
    case 'CreateScript':
      return check(createScript, message)
    case 'InvokeScript':
      return check(invokeScript, message)
  }
}

const idUnused: Rule<CreateStateMachine | CreateScript, Scope> = ({ fiberId }, { fibers }) =>
  when(fibers.get(fiberId) !== undefined, 'CidAlreadyExists', 'A fiber with this id exists already.', fiberId)

const idKnown: Rule<Updating, Scope> = ({ fiberId }, { fibers }) =>
  when(fibers.get(fiberId) === undefined, 'CidNotFound', 'No fiber has this id.', fiberId)

/** A target above the number is let through: several messages of one fiber may be under way. */
const sequenceNotPast: Rule<Updating, Scope> = ({ fiberId, targetSequenceNumber: target }, { fibers }) => {
  const current = fibers.get(fiberId)?.sequenceNumber
  return when(
    target !== null && current !== undefined && target < current,
    'SequenceNumberMismatch',
    `The target sequence number is ${target}, the fiber is at ${current}.`,
  )
}

const createStateMachine: RuleSet<CreateStateMachine> = {
  l1: [
    idUnused,
    ({ definition }, { limits }) => definitionProblems(definition, limits),
    ({ initialData }) => when(!isJsonObject(initialData), 'NotMapValue', 'The initial data is not a map.'),
    ({ initialData }, { limits }) =>
      when(
        estimateSize(initialData) > limits.initialDataBytes,
        'ValueTooLarge',
        `The initial data is larger than ${limits.initialDataBytes} bytes.`,
      ),
    ({ parentFiberId }, { fibers }) =>
      when(
        parentFiberId !== null && fibers.get(parentFiberId) === undefined,
        'ParentFiberNotFound',
        'The parent fiber does not exist.',
        parentFiberId ?? undefined,
      ),
  ],
  l0: [
    (_, { proofs }) => when(proofs.length === 0, 'NoProofsProvided', 'The message carries no proof.'),
    ({ parentFiberId }, { fibers }) => {
      const parent = parentFiberId === null ? undefined : fibers.get(parentFiberId)
      return when(
        parent !== undefined && parent.status !== 'Active',
        'ParentFiberNotActive',
        'The parent fiber is not active.',
        parent?.fiberId,
      )
    },
  ],
}

/** A rule about a machine's record; an id that nobody has is the data layer's to report. */
const aboutMachine =
  <M extends TransitionStateMachine | ArchiveStateMachine>(
    rule: (machine: MachineRecord, message: M, scope: SignedScope) => readonly Problem[],
  ): Rule<M, SignedScope> =>
  (message, scope) => {
    const fiber = scope.fibers.get(message.fiberId)
    return fiber?.kind === 'machine' ? rule(fiber, message, scope) : []
  }

const isMachine: Rule<TransitionStateMachine | ArchiveStateMachine, SignedScope> = ({ fiberId }, { fibers }) =>
  when(fibers.get(fiberId)?.kind === 'script', 'FiberNotFound', 'The fiber is not a state machine.', fiberId)

const machineActive = aboutMachine((machine) =>
  when(
    machine.status !== 'Active',
    'FiberNotActive',
    `The machine is ${machine.status.toLowerCase()}.`,
    machine.fiberId,
  ),
)

const signedByOwner = aboutMachine((machine, _, { proofs }) =>
  when(
    !proofs.some(({ address }) => machine.owners.includes(address)),
    'NotSignedByOwner',
    'No signer owns this machine.',
    machine.fiberId,
  ),
)

const payloadProblems = (
  value: TransitionStateMachine['payload'],
  name: string,
  limits: Limits,
): readonly Problem[] => [
  ...when(
    estimateSize(value) > limits.payloadBytes,
    'ValueTooLarge',
    `The ${name} is larger than ${limits.payloadBytes} bytes.`,
  ),
  ...structureProblems(value, name, limits),
]

const transitionStateMachine: RuleSet<TransitionStateMachine> = {
  l1: [
    idKnown,
    sequenceNotPast,
    ({ payload }) => when(payload === null, 'ValueIsNull', 'The payload is null.'),
    ({ payload }, { limits }) => payloadProblems(payload, 'payload', limits),
  ],
  l0: [
    isMachine,
    machineActive,
    signedByOwner,
    aboutMachine<TransitionStateMachine>(({ definition, currentState }, { eventName }) =>
      when(
        !definition.transitions.some(
          (transition) => transition.from === currentState && transition.eventName === eventName,
        ),
        'NoTransitionForEvent',
        `No transition leaves ${currentState} on ${eventName}.`,
      ),
    ),
  ],
}

const archiveStateMachine: RuleSet<ArchiveStateMachine> = {
  l1: [idKnown, sequenceNotPast],
  l0: [isMachine, machineActive, signedByOwner],
}

const createScript: RuleSet<CreateScript> = {
  l1: [
    idUnused,
    ({ initialState }) =>
      when(
        initialState !== null && !isJsonObject(initialState),
        'NotMapValueOrNull',
        'The initial state is neither a map nor null.',
      ),
    ({ scriptProgram }, { limits }) => depthProblems(scriptProgram, 'scriptProgram', limits),
    ({ initialState }, { limits }) =>
      when(
        estimateSize(initialState) > limits.initialDataBytes,
        'ValueTooLarge',
        `The initial state is larger than ${limits.initialDataBytes} bytes.`,
      ),
  ],
  l0: [], // anybody may create a script
}

const mayBeInvoked = (fiber: Fiber, { fibers, proofs }: SignedScope): boolean =>
  fiber.kind !== 'script' || proofs.some(({ address }) => mayInvoke(fiber.accessControl, address, fibers))

const invokeScript: RuleSet<InvokeScript> = {
  l1: [idKnown, sequenceNotPast, ({ args }, { limits }) => payloadProblems(args, 'args', limits)],
  l0: [
    ({ fiberId }, { fibers }) =>
      when(fibers.get(fiberId)?.kind === 'machine', 'OracleNotFound', 'The fiber is not a script.', fiberId),
    ({ fiberId }, scope) => {
      const fiber = scope.fibers.get(fiberId)
      return when(
        fiber !== undefined && !mayBeInvoked(fiber, scope),
        'OracleAccessDenied',
        'The access policy of this script admits no signer.',
        fiberId,
      )
    },
  ],
}
