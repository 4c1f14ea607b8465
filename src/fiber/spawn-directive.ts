import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { isUuid } from '../core/uuid.ts'
import { readExpression } from '../jlvm/expression.ts'
import type { Definition, State, Transition, VocabularyName } from './messages.ts'
import type { MachineRecord } from './records.ts'
import type { Transaction } from './transaction.ts'
import { vocabularies } from './vocabulary.ts'

/** A child that an effect asks for. `childId`, `initialData` and `owners` are expressions. */
export type SpawnDirective = {
  readonly childId: JsonValue
  readonly definition: Definition
  readonly initialData: JsonValue
  /** Undefined where the child inherits its parent's owners. */
  readonly owners: JsonValue | undefined
}

/**
 * The children that an effect asks for. They stand in the text of the effect, not in what it gives: only an object
 * literal with a literal `_spawn` array has any. A directive that cannot be read is dropped with a warning.
 * @see OttoChain `EffectExtractor.extractSpawnDirectivesFromExpression`
 */
export function spawnDirectives(
  { warnings }: Transaction,
  parent: MachineRecord,
  effect: JsonValue,
): readonly SpawnDirective[] {
  const spawn = member(literalMap(effect) ?? {}, '_spawn')
  if (spawn === undefined) return []
  const list = readExpression(spawn)
  if (list.form !== 'list') return []
  return list.items.flatMap((part) => {
    const directive = readDirective(part, parent.definition.vocabulary)
    if (directive === undefined)
      warnings.push(`An entry of _spawn of fiber ${parent.fiberId} is malformed and was dropped.`)
    return directive === undefined ? [] : [directive]
  })
}

/** The members of an object literal; undefined for every other form, `{}` among them, which is a constant. */
function literalMap(expression: JsonValue | undefined): JsonObject | undefined {
  const read = expression === undefined ? undefined : readExpression(expression)
  return read?.form === 'map' ? read.members : undefined
}

function readDirective(expression: JsonValue, vocabulary: VocabularyName): SpawnDirective | undefined {
  const directive = literalMap(expression)
  if (directive === undefined) return undefined
  const childId = member(directive, 'childId')
  const definition = readDefinition(member(directive, 'definition'), vocabulary)
  const initialData = member(directive, 'initialData')
  if (childId === undefined || definition === undefined || initialData === undefined) return undefined
  return { childId, definition, initialData, owners: member(directive, 'owners') }
}

function readDefinition(expression: JsonValue | undefined, vocabulary: VocabularyName): Definition | undefined {
  const definition = literalMap(expression)
  if (definition === undefined) return undefined
  const states = readStates(literalMap(member(definition, 'states')))
  const initialState = readName(member(definition, 'initialState'))
  const transitions = readTransitions(member(definition, 'transitions'), vocabulary)
  if (states === undefined || initialState === undefined || transitions === undefined) return undefined
  return { vocabulary, states, initialState, transitions, metadata: readMetadata(member(definition, 'metadata')) }
}

function readStates(literal: JsonObject | undefined): { readonly [id: string]: State } | undefined {
  if (literal === undefined) return undefined
  const states: [string, State][] = []
  for (const [id, expression] of Object.entries(literal)) {
    const state = literalMap(expression)
    if (state === undefined) return undefined
    const isFinal = member(state, 'isFinal') === true
    states.push([id, { id, isFinal, metadata: readMetadata(member(state, 'metadata')) }])
  }
  return Object.fromEntries(states)
}

function readTransitions(
  expression: JsonValue | undefined,
  vocabulary: VocabularyName,
): readonly Transition[] | undefined {
  const list = expression === undefined ? undefined : readExpression(expression)
  if (list?.form !== 'list') return undefined
  const transitions = list.items.map((part) => readTransition(literalMap(part), vocabulary))
  return transitions.every((transition) => transition !== undefined) ? transitions : undefined
}

function readTransition(literal: JsonObject | undefined, vocabulary: VocabularyName): Transition | undefined {
  if (literal === undefined) return undefined
  const from = readName(member(literal, 'from'))
  const to = readName(member(literal, 'to'))
  const eventName = readName(member(literal, vocabularies[vocabulary].eventName))
  const guard = member(literal, 'guard')
  const effect = member(literal, 'effect')
  if (from === undefined || to === undefined || eventName === undefined) return undefined
  if (guard === undefined || effect === undefined) return undefined
  return { from, to, eventName, guard, effect, dependencies: readIds(member(literal, 'dependencies')) }
}

/** A state id or an event name: a text, or `{"value": text}`. */
function readName(expression: JsonValue | undefined): string | undefined {
  const name = isJsonObject(expression) ? member(expression, 'value') : expression
  return typeof name === 'string' ? name : undefined
}

function readIds(expression: JsonValue | undefined): readonly string[] {
  if (!isJsonArray(expression)) return []
  const ids = expression.filter((id) => typeof id === 'string' && isUuid(id)) as readonly string[] // just asked
  return [...new Set(ids.map((id) => id.toLowerCase()))]
}

/** Metadata counts only as a constant. */
const readMetadata = (expression: JsonValue | undefined): JsonValue =>
  expression !== undefined && readExpression(expression).form === 'constant' ? expression : null
