import { isUuid } from '../core/uuid.ts'
import type { Value } from '../jlvm/value.ts'
import { isList, isMap, toJson } from '../jlvm/value.ts'
import { evaluationFailed } from './errors.ts'
import type { EmittedEvent } from './records.ts'
import { readAgain } from './second-reading.ts'
import { assertStorable } from './storable.ts'
import type { Transaction } from './transaction.ts'
import type { Vocabulary } from './vocabulary.ts'

/** A call that an effect asks for: an event of a machine, or a method of a script. */
export type Trigger = {
  readonly targetId: string
  /** Event name or method. */
  readonly name: string
  /** Payload or arguments. */
  readonly payload: Value
  readonly sourceId: string
}

/** Which keys of an entry hold its target, its name and its payload. */
type TriggerKeys = { readonly target: string; readonly name: string; readonly payload: string }

/**
 * The state data after an effect: a map overlays it key by key, an array sets `[key, value]` pairs in order; keys that
 * begin with `_` are not stored.
 * @throws TransactionAbortedError `EvaluationError` where the effect is anything else
 * @see OttoChain `StateMerger`
 */
export function mergeEffect(data: ReadonlyMap<string, Value>, effect: Value): Value {
  const merged = new Map(data)
  for (const [key, value] of updatesOf(effect)) if (!key.startsWith('_')) merged.set(key, value)
  return merged
}

function updatesOf(effect: Value): Iterable<readonly [string, Value]> {
  if (isMap(effect)) return effect
  if (!isList(effect)) throw evaluationFailed('EFFECT', 'the effect gives neither a map nor an array of pairs')
  return effect.map((update) => {
    const pair = asPair(update)
    if (pair === undefined) throw evaluationFailed('EFFECT', 'an update is not a pair of a key and a value')
    return pair
  })
}

function asPair(update: Value): readonly [string, Value] | undefined {
  if (!isList(update) || update.length !== 2) return undefined
  const [key, value] = update
  return typeof key === 'string' && value !== undefined ? [key, value] : undefined
}

/**
 * The triggers of an effect: those of `_triggers` as written, then the `_oracleCall`. An entry that lacks a field, has
 * a target that is no UUID or a payload that cannot be read is dropped with a warning, as a node drops it in silence.
 * @throws TransactionAbortedError where the payloads together grew past what can be stored
 */
export function triggersOf(
  transaction: Transaction,
  effect: Value,
  { sourceId, context, vocabulary }: { sourceId: string; context: Value; vocabulary: Vocabulary },
): readonly Trigger[] {
  const read = (entry: Value, keys: TriggerKeys, key: string): readonly Trigger[] => {
    const trigger = asTrigger(transaction, entry, keys, context)
    if (trigger !== undefined) return [{ ...trigger, sourceId }]
    transaction.warnings.push(`An entry of ${key} of fiber ${sourceId} is malformed and was dropped.`)
    return []
  }
  const eventKeys = { target: 'targetMachineId', name: vocabulary.eventName, payload: 'payload' }
  const callKeys = { target: vocabulary.callTarget, name: 'method', payload: 'args' }
  const call = valueUnder(effect, '_oracleCall')
  const triggers = [
    ...listUnder(effect, '_triggers').flatMap((entry) => read(entry, eventKeys, '_triggers')),
    ...(call === undefined ? [] : read(call, callKeys, '_oracleCall')),
  ]
  // Together, since each of thousands of short payloads may have become all of the state.
  const payloads = triggers.map(({ payload }) => payload)
  assertStorable(payloads, transaction.limits, 'EFFECT')
  return triggers
}

function asTrigger(
  transaction: Transaction,
  entry: Value,
  keys: TriggerKeys,
  context: Value,
): Omit<Trigger, 'sourceId'> | undefined {
  if (!isMap(entry)) return undefined
  const target = entry.get(keys.target)
  const name = entry.get(keys.name)
  const payload = entry.get(keys.payload)
  if (typeof target !== 'string' || !isUuid(target) || typeof name !== 'string' || payload === undefined)
    return undefined
  const read = readAgain(transaction, payload, context)
  return read === undefined ? undefined : { targetId: target.toLowerCase(), name, payload: read }
}

/** The events that an effect emits; an entry without a text for its name or without data is dropped. */
export const emittedOf = (effect: Value, { emit, emitName }: Vocabulary): readonly EmittedEvent[] =>
  listUnder(effect, emit).flatMap((entry) => {
    if (!isMap(entry)) return []
    const name = entry.get(emitName)
    const data = entry.get('data')
    const destination = entry.get('destination')
    if (typeof name !== 'string' || data === undefined) return []
    return [{ name, data: toJson(data), destination: typeof destination === 'string' ? destination : null }]
  })

/** What an effect holds under a reserved key: a member of its map, or the first pair with that key. */
function valueUnder(effect: Value, key: string): Value | undefined {
  if (isMap(effect)) return effect.get(key)
  if (!isList(effect)) return undefined
  return effect.map(asPair).find((pair) => pair?.[0] === key)?.[1]
}

function listUnder(effect: Value, key: string): readonly Value[] {
  const list = valueUnder(effect, key)
  return isList(list) ? list : []
}
