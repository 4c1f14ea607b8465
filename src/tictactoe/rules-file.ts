import { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { uuidPattern } from '../core/uuid.ts'
import { definitionProblems, depthProblems } from '../fiber/definition-rules.ts'
import { defaultLimits } from '../fiber/limits.ts'
import type { AccessControl, Definition } from '../fiber/messages.ts'
import { normalize } from '../jlvm/normal-form.ts'
import { isAddress } from '../signing/address.ts'
import type { Fault } from './_expression-faults.ts'
import { expressionFaults, reservedNameFaults } from './_expression-faults.ts'

/** A file of rules that must not be played by: the service does not start. `details.path` names the place. */
export class DefinitionInvalidError extends BaseError {
  override readonly code = 'DEFINITION_INVALID'
  override readonly kind = 'invalid'
  constructor(file: 'oracle' | 'statemachine', { path, fault }: Fault) {
    const place = path.length === 0 ? '$' : `$.${z.core.toDotPath(path)}`
    super(`The ${file} file is wrong at ${place}: ${fault}.`, {
      details: { file, path: place },
      hint: `Restore ${file}/tictactoe.json or correct it there.`,
    })
  }
}

/** A script as its file holds it, in today's names and in normal form. */
export type OracleRules = {
  readonly scriptProgram: JsonValue
  /** Without the game's id: whoever creates a game adds it as `gameId`. */
  readonly initialState: JsonObject
  readonly accessControl: AccessControl
}

/** A machine as its file holds it. */
export type StateMachineRules = {
  /** The definition with the oracle's id in place of `${oracle}`; guards and effects are shared by all. */
  instantiate(oracleFiberId: string): Definition
}

/** What stands for the oracle's id in a machine's dependencies. */
const ORACLE_MARKER = '$' + '{oracle}'

const Json = z.custom<JsonValue>((value) => value !== undefined, 'missing')
const Names = { name: z.string(), description: z.string().optional() }

const AccessControlFile = z.union([
  z.strictObject({ Public: z.strictObject({}) }).transform((): AccessControl => ({ type: 'Public' })),
  z
    .strictObject({ Whitelist: z.strictObject({ addresses: z.array(z.string().refine(isAddress)).min(1) }) })
    .transform(({ Whitelist }): AccessControl => ({ type: 'Whitelist', ...Whitelist })),
  z
    .strictObject({ FiberOwned: z.strictObject({ fiberId: z.string().regex(uuidPattern) }) })
    .transform(({ FiberOwned }): AccessControl => ({ type: 'FiberOwned', ...FiberOwned })),
])

const OracleFile = z.strictObject({
  ...Names,
  accessControl: AccessControlFile,
  initialState: z.custom<JsonObject>((value) => isJsonObject(value as JsonValue), 'expected an object'),
  scriptProgram: Json,
})

const Dependency = z.string().refine((text) => text === ORACLE_MARKER || uuidPattern.test(text), {
  error: `expected ${ORACLE_MARKER} or the id of a fiber`,
})

const StateMachineFile = z.strictObject({
  ...Names,
  definition: z.strictObject({
    states: z.record(
      z.string(),
      z.strictObject({ id: z.string(), isFinal: z.boolean().default(false), metadata: Json.default(null) }),
    ),
    initialState: z.string(),
    transitions: z.array(
      z.strictObject({
        from: z.string(),
        to: z.string(),
        eventName: z.string(),
        guard: Json,
        effect: Json,
        dependencies: z.array(Dependency).default([]),
      }),
    ),
    metadata: Json.default(null),
  }),
})

/** @throws DefinitionInvalidError naming the place in the file */
export function parseOracleFile(json: JsonValue): OracleRules {
  const { scriptProgram, initialState, accessControl } = parseFile(OracleFile, 'oracle', json)
  refuse('oracle', expressionFaults(scriptProgram, ['scriptProgram']))
  const [problem] = depthProblems(scriptProgram, 'scriptProgram', defaultLimits)
  refuse('oracle', problem ? [{ path: ['scriptProgram'], fault: problem.message }] : [])
  return { scriptProgram: normalize(scriptProgram), initialState, accessControl }
}

/** @throws DefinitionInvalidError naming the place in the file */
export function parseStateMachineFile(json: JsonValue): StateMachineRules {
  const { definition: file } = parseFile(StateMachineFile, 'statemachine', json)
  refuse('statemachine', definitionFaults(file))
  const transitions = file.transitions.map(({ guard, effect, ...rest }) => ({
    ...rest,
    guard: normalize(guard),
    effect: normalize(effect),
  }))
  const definition: Definition = { ...file, vocabulary: 'current', transitions }
  const [problem] = definitionProblems(definition, defaultLimits)
  refuse('statemachine', problem ? [{ path: ['definition'], fault: problem.message }] : [])
  return {
    instantiate: (oracleFiberId) => ({
      ...definition,
      transitions: transitions.map(({ dependencies, ...rest }) => ({
        ...rest,
        dependencies: dependencies.map((id) => (id === ORACLE_MARKER ? oracleFiberId : id)),
      })),
    }),
  }
}

/** What a node's own rules say without naming the place. */
function definitionFaults({ states, initialState, transitions }: z.output<typeof StateMachineFile>['definition']) {
  const at = (...path: Fault['path']) => ['definition', ...path]
  const unknown = (state: string, path: Fault['path']): readonly Fault[] =>
    Object.hasOwn(states, state) ? [] : [{ path, fault: `there is no state ${state}` }]
  return [
    ...unknown(initialState, at('initialState')),
    ...Object.entries(states).flatMap(([key, { id }]) =>
      id === key ? [] : [{ path: at('states', key, 'id'), fault: 'the id is not the key' }],
    ),
    ...transitions.flatMap(({ from, to, guard, effect }, index) => [
      ...unknown(from, at('transitions', index, 'from')),
      ...unknown(to, at('transitions', index, 'to')),
      ...Object.entries({ guard, effect }).flatMap(([field, expression]) => [
        ...expressionFaults(expression, at('transitions', index, field)),
        ...reservedNameFaults(expression, at('transitions', index, field)),
      ]),
    ]),
  ]
}

function parseFile<T>(schema: z.ZodType<T>, file: 'oracle' | 'statemachine', json: JsonValue): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  const path = (issue?.path ?? []).map((segment) => (typeof segment === 'number' ? segment : String(segment)))
  throw new DefinitionInvalidError(file, { path, fault: issue?.message ?? 'unreadable' })
}

function refuse(file: 'oracle' | 'statemachine', faults: readonly Fault[]): void {
  const [first] = faults
  if (first) throw new DefinitionInvalidError(file, first)
}
