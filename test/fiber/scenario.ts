import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { Role } from '../../src/dialect/translate.ts'
import { translate } from '../../src/dialect/translate.ts'
import type { EngineProof } from '../../src/fiber/lookup.ts'
import type { AccessControl, Definition, Message, VocabularyName } from '../../src/fiber/messages.ts'
import type { Fiber } from '../../src/fiber/records.ts'
import { normalize } from '../../src/jlvm/normal-form.ts'
import { addressFromId } from '../../src/signing/address.ts'

/** What a scenario expects of one fiber; a subset of each. */
export type ExpectedFiber = {
  readonly state?: string
  readonly sequenceNumber?: number
  readonly status?: 'ACTIVE' | 'ARCHIVED'
  readonly data?: JsonObject
  readonly dataNull?: boolean
  readonly dataAbsent?: readonly string[]
  readonly owners?: readonly string[]
  readonly parent?: string
  readonly children?: readonly string[]
  readonly lastReceipt?: JsonObject
  readonly lastInvocation?: JsonObject
  readonly absent?: boolean
}

export type Step = {
  readonly do: 'createScript' | 'createMachine' | 'event' | 'invoke' | 'archive'
  readonly fiber: string
  readonly signers: readonly string[]
  readonly payload: JsonObject
  readonly sequence?: number
  readonly expect: {
    readonly outcome: 'committed' | 'aborted' | 'rejected'
    readonly reason?: string
    readonly messageIncludes?: string
    readonly emitted?: readonly JsonObject[]
    readonly fibers?: { readonly [label: string]: ExpectedFiber }
  }
}

export type Scenario = {
  readonly name: string
  readonly wallets: readonly string[]
  readonly fibers: { readonly [label: string]: string }
  readonly limits?: { readonly maxGas?: number; readonly maxDepth?: number }
  readonly steps: readonly Step[]
}

/** All scenarios, each with its placeholders replaced by ids and addresses. */
export function readScenarios(): readonly Scenario[] {
  const folder = new URL('../vectors/fibers/', import.meta.url)
  return readdirSync(folder).map((file) => fill(JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Scenario))
}

/** A made-up key of that name: the engine reads ids and addresses and leaves signatures to others. */
export function proofOf(wallet: string): EngineProof {
  const id = createHash('sha512').update(wallet).digest('hex')
  return { id, signature: '30', address: addressFromId(id) }
}

/** The proofs of some wallets, in the order in which a node keeps them. */
export const proofsOf = (wallets: readonly string[]): readonly EngineProof[] =>
  wallets.map(proofOf).sort((left, right) => (left.id < right.id ? -1 : 1))

function fill({ fibers, ...scenario }: Scenario): Scenario {
  const text = JSON.stringify(scenario)
    .replace(/\$\{fiber:(\w+)\}/g, (_, label: string) => fibers[label] ?? label)
    .replace(/\$\{addr:(\w+)\}/g, (_, wallet: string) => proofOf(wallet).address)
  return { ...(JSON.parse(text) as Omit<Scenario, 'fibers'>), fibers }
}

/** The message of a step, its expressions in the words of a vocabulary. */
export function messageOf(
  step: Step,
  fiberId: string,
  current: Fiber | undefined,
  vocabulary: VocabularyName,
): Message {
  const { payload } = step
  const targetSequenceNumber = step.sequence ?? current?.sequenceNumber ?? 0
  const say = (expression: JsonValue, role: Role) =>
    vocabulary === 'current' ? expression : translate(normalize(expression), role, 'current', vocabulary)
  switch (step.do) {
    case 'createMachine': {
      const definition = toDefinition(payload['definition'] as JsonObject, say, vocabulary)
      const parentFiberId = (payload['parentFiberId'] as string | undefined) ?? null
      return {
        type: 'CreateStateMachine',
        fiberId,
        definition,
        initialData: payload['initialData'] ?? null,
        parentFiberId,
      }
    }
    case 'createScript':
      return {
        type: 'CreateScript',
        fiberId,
        vocabulary,
        scriptProgram: say(payload['scriptProgram'] ?? null, 'program'),
        initialState: payload['initialState'] ?? null,
        accessControl: toAccessControl(payload['accessControl'] as JsonObject),
      }
    case 'event':
      return {
        type: 'TransitionStateMachine',
        fiberId,
        eventName: payload['eventName'] as string,
        payload: payload['payload'] ?? null,
        targetSequenceNumber,
        idempotencyKey: null,
      }
    case 'invoke':
      return {
        type: 'InvokeScript',
        fiberId,
        method: payload['method'] as string,
        args: payload['args'] ?? null,
        targetSequenceNumber,
      }
    case 'archive':
      return { type: 'ArchiveStateMachine', fiberId, targetSequenceNumber }
  }
}

/** A definition as a vector writes it, defaults filled in. */
export function toDefinition(
  json: JsonObject,
  say: (expression: JsonValue, role: Role) => JsonValue = (expression) => expression,
  vocabulary: VocabularyName = 'current',
): Definition {
  const states = json['states'] as { readonly [id: string]: { isFinal?: boolean; metadata?: JsonValue } }
  const transitions = json['transitions'] as readonly Definition['transitions'][number][]
  return {
    vocabulary,
    states: Object.fromEntries(
      Object.entries(states).map(([id, { isFinal = false, metadata = null }]) => [id, { id, isFinal, metadata }]),
    ),
    initialState: json['initialState'] as string,
    transitions: transitions.map(({ from, to, eventName, guard, effect, dependencies = [] }) => ({
      from,
      to,
      eventName,
      guard: say(guard, 'guard'),
      effect: say(effect, 'effect'),
      dependencies,
    })),
    metadata: json['metadata'] ?? null,
  }
}

function toAccessControl(json: JsonObject): AccessControl {
  const { Whitelist, FiberOwned } = json as { Whitelist?: { addresses: string[] }; FiberOwned?: { fiberId: string } }
  if (Whitelist !== undefined) return { type: 'Whitelist', ...Whitelist }
  return FiberOwned === undefined ? { type: 'Public' } : { type: 'FiberOwned', ...FiberOwned }
}

/** What of an expected value is not there: maps are compared as subsets, anything else exactly. Empty when all is. */
export function missing(expected: JsonValue, actual: JsonValue | undefined, path = '$'): readonly string[] {
  if (!isJsonObject(expected))
    return JSON.stringify(expected) === JSON.stringify(actual) || sameItems(expected, actual)
      ? []
      : [tell(path, expected, actual)]
  if (!isJsonObject(actual)) return [tell(path, expected, actual)]
  return Object.entries(expected).flatMap(([key, value]) => missing(value, actual[key], `${path}.${key}`))
}

/** Arrays are exact, but maps inside them have no order of keys. */
const sameItems = (expected: JsonValue, actual: JsonValue | undefined): boolean =>
  Array.isArray(expected) &&
  Array.isArray(actual) &&
  expected.length === actual.length &&
  expected.every(
    (item, index) => missing(item, actual[index]).length === 0 && missing(actual[index], item).length === 0,
  )

const tell = (path: string, expected: JsonValue, actual: JsonValue | undefined): string =>
  `${path}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`
