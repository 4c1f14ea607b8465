import { createBoundedMap } from '../core/bounded-map.ts'
import type { JsonValue } from '../core/json.ts'
import type { Program } from '../jlvm/program.ts'
import { createProgramCache } from '../jlvm/program-cache.ts'
import { canonicalize } from '../signing/canonical.ts'
import { plainHash } from '../signing/digest.ts'
import type { Definition, Transition } from './messages.ts'

/** Compiled expressions, found again by the identity of the JSON that a record holds, and shared parts of records. */
export type Programs = {
  /** The JSON to keep in a record: one object for all records whose expression has the same content. */
  share(expression: JsonValue): JsonValue
  /** The definition to keep in a record: what it has in common with others is the same objects. */
  shareDefinition(definition: Definition): Definition
  programOf(expression: JsonValue): Program
}

/** Compiles each content once. JSON that a record holds is found again by identity, without making text of it. */
export function createPrograms(maxPrograms: number): Programs {
  const cache = createProgramCache({ maxPrograms })
  const pool = createPool(maxPrograms)
  const shareTransition = createTransitionPool(maxPrograms)
  const share = (expression: JsonValue): JsonValue => cache.intern(expression).json
  return {
    share,
    shareDefinition: ({ states, transitions, metadata, ...definition }) => ({
      ...definition,
      states: pool(states),
      transitions: shareTransitions(transitions, share, shareTransition),
      metadata: pool(metadata),
    }),
    programOf: (expression) => cache.intern(expression).program,
  }
}

type Pool = <T extends JsonValue>(value: T) => T

/** Only transitions that read no other fiber are alike in two games; lists of dependencies are, within one. */
function shareTransitions(
  transitions: readonly Transition[],
  share: (expression: JsonValue) => JsonValue,
  shareTransition: (transition: Transition) => Transition,
): readonly Transition[] {
  const lists = new Map<string, readonly string[]>()
  return transitions.map((transition) => {
    const shared = { ...transition, guard: share(transition.guard), effect: share(transition.effect) }
    if (transition.dependencies.length === 0) return shareTransition(shared)
    const key = transition.dependencies.join()
    const dependencies = lists.get(key) ?? transition.dependencies
    lists.set(key, dependencies)
    return { ...shared, dependencies }
  })
}

/** One object for all transitions alike, whose guard and effect are shared already: identity tells those apart. */
function createTransitionPool(limit: number): (transition: Transition) => Transition {
  const known = createBoundedMap<string, Transition>(limit)
  const numbers = new WeakMap<object, number>()
  let count = 0
  const nameOf = (expression: JsonValue): JsonValue => {
    if (typeof expression !== 'object' || expression === null) return [expression]
    const number = numbers.get(expression) ?? count++
    numbers.set(expression, number)
    return number
  }
  return (transition) => {
    const { from, to, eventName, guard, effect } = transition
    const name = JSON.stringify([from, to, eventName, nameOf(guard), nameOf(effect)])
    const shared = known.get(name) ?? transition
    known.set(name, shared)
    return shared
  }
}

/** One object for each content, as long as it is not forgotten. */
function createPool(limit: number): Pool {
  const byHash = createBoundedMap<string, JsonValue>(limit)
  return <T extends JsonValue>(value: T): T => {
    if (typeof value !== 'object' || value === null) return value
    const hash = plainHash(canonicalize(value))
    const known = byHash.get(hash) as T | undefined // equal content, hence equal shape
    if (known === undefined) byHash.set(hash, value)
    return known ?? value
  }
}
