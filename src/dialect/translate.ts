import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import type { VocabularyName } from '../fiber/messages.ts'
import type { Vocabulary } from '../fiber/vocabulary.ts'
import { vocabularies } from '../fiber/vocabulary.ts'
import type { Rewrite } from './_paths.ts'
import { isBranch, mapMembers, renameRoots, soleMember } from './_paths.ts'

/** What an expression is for: that decides which names it sees and which keys of its result are reserved. */
export type Role = 'guard' | 'effect' | 'program'

/**
 * An expression in normal form, in the words of another vocabulary, still in normal form. Renamed are the roots of
 * `var` paths and the reserved keys of an effect (`_oracleCall`, `_triggers`, emitted events, `_spawn` with the
 * definitions inside it), wherever `if`, `merge` and `default` hand them through; nothing else.
 * Works both ways, and there and back gives the same expression unless it uses a name of the other side already.
 * @see OttoChain, renamings of 2026-01-24 to 2026-02-25
 * @example translate({ var: 'scripts.a.state' }, 'guard', 'current', 'workchain') // { var: 'scriptOracles.a.state' }
 */
export function translate(expression: JsonValue, role: Role, from: VocabularyName, to: VocabularyName): JsonValue {
  return from === to ? expression : rewritesFrom[from][role](expression)
}

type Rewrites = { readonly [role in Role]: Rewrite }

function createRewrites(from: Vocabulary, to: Vocabulary): Rewrites {
  const machineRoots = new Map<string, string>([
    [from.scripts, to.scripts],
    [from.eventName, to.eventName],
  ])
  const scriptRoots = new Map(from.scriptState.map((name) => [name, to.scriptState[0] ?? name]))
  const guard = renameRoots(machineRoots)
  return { guard, effect: createEffectRewrite(from, to, guard), program: renameRoots(scriptRoots) }
}

/** What becomes of a member with a reserved key. */
type Reserved = { readonly [key: string]: { readonly key: string; readonly value: Rewrite } }

function createEffectRewrite(from: Vocabulary, to: Vocabulary, plain: Rewrite): Rewrite {
  const record = (reserved: Reserved): Rewrite =>
    atResult(plain, (literal) => (isJsonObject(literal) ? renameMembers(literal, reserved, plain) : plain(literal)))
  const list = (item: Rewrite): Rewrite =>
    atResult(plain, (literal) => (isJsonArray(literal) ? literal.map(item) : mapCall(literal, item, plain)))
  // A state id or event name of an embedded definition: `{"value": "…"}` in the Workchain era, a bare text today.
  const wrapName: Rewrite = (name) => (typeof name === 'string' ? { value: name } : plain(name))
  const unwrapName: Rewrite = (name) => plain(soleMember(name, 'value') ?? name)
  const toName = to.eventName === 'eventName' ? unwrapName : wrapName

  const rewriteStates: Rewrite = (states) =>
    isJsonObject(states) ? mapMembers(states, record({ id: { key: 'id', value: toName } })) : plain(states)
  const effect: Rewrite = (expression) => rewriteEffect(expression) // named early: transitions inside hold effects
  const transition = record({
    from: { key: 'from', value: toName },
    to: { key: 'to', value: toName },
    [from.eventName]: { key: to.eventName, value: toName },
    effect: { key: 'effect', value: effect },
  })
  const definition = record({
    states: { key: 'states', value: rewriteStates },
    initialState: { key: 'initialState', value: toName },
    transitions: { key: 'transitions', value: list(transition) },
  })
  const reserved: Reserved = {
    _oracleCall: { key: '_oracleCall', value: record({ [from.callTarget]: { key: to.callTarget, value: plain } }) },
    _triggers: { key: '_triggers', value: list(record({ [from.eventName]: { key: to.eventName, value: plain } })) },
    [from.emit]: { key: to.emit, value: list(record({ [from.emitName]: { key: to.emitName, value: plain } })) },
    _spawn: { key: '_spawn', value: list(record({ definition: { key: 'definition', value: definition } })) },
  }
  const pair: Rewrite = (entry) => renamePair(entry, reserved, plain)
  const rewriteEffect = atResult(plain, (literal) => {
    if (isJsonArray(literal)) return literal.map(pair)
    return isJsonObject(literal) ? renameMembers(literal, reserved, plain) : plain(literal)
  })
  return effect
}

/** Applies `literal` where an expression's own result is written down: itself, a branch of `if`, a part of `merge`. */
function atResult(plain: Rewrite, literal: Rewrite): Rewrite {
  const rewrite: Rewrite = (expression) => {
    const choices = soleMember(expression, 'if')
    if (isJsonArray(choices))
      return { if: choices.map((choice, index) => (isBranch(index, choices.length) ? rewrite : plain)(choice)) }
    for (const operator of ['merge', 'default']) {
      const parts = soleMember(expression, operator)
      if (isJsonArray(parts)) return { [operator]: parts.map(rewrite) }
    }
    return soleMember(expression, 'var') === undefined ? literal(expression) : plain(expression)
  }
  return rewrite
}

/** `{"map": [list, item]}` makes a list of items; anything else in a list's place is taken for one item. */
function mapCall(literal: JsonValue, item: Rewrite, plain: Rewrite): JsonValue {
  const call = soleMember(literal, 'map')
  if (!isJsonArray(call)) return item(literal)
  return { map: call.map((argument, index) => (index === 1 ? item : plain)(argument)) }
}

const renameMembers = (object: JsonObject, reserved: Reserved, plain: Rewrite): JsonObject =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => renameMember(key, value, reserved, plain)))

function renameMember(key: string, value: JsonValue, reserved: Reserved, plain: Rewrite): [string, JsonValue] {
  const rule = Object.hasOwn(reserved, key) ? reserved[key] : undefined
  return rule === undefined ? [key, plain(value)] : [rule.key, rule.value(value)]
}

/** An effect may also be a list of `[key, value]` pairs. */
function renamePair(entry: JsonValue, reserved: Reserved, plain: Rewrite): JsonValue {
  if (!isJsonArray(entry)) return plain(entry)
  const [key, value, ...rest] = entry
  if (typeof key !== 'string' || value === undefined || rest.length > 0) return plain(entry)
  return renameMember(key, value, reserved, plain)
}

/** With two vocabularies, the one it comes from says both. */
const rewritesFrom: { readonly [from in VocabularyName]: Rewrites } = {
  current: createRewrites(vocabularies.current, vocabularies.workchain),
  workchain: createRewrites(vocabularies.workchain, vocabularies.current),
}
