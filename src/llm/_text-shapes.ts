import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { matchName } from './_text-names.ts'

/** A call as it stands in a text: nothing is checked yet. */
export type ShapedCall = { readonly name: string; readonly arguments: JsonValue }

/** What a JSON value in an answer is: calls, a call that cannot be read, or something else. */
export type Judged =
  | { readonly kind: 'calls'; readonly calls: readonly ShapedCall[] }
  | { readonly kind: 'broken'; readonly name?: string }
  | { readonly kind: 'other' }

/** Where the value stood. `isMarked`: behind a mark that only calls have, so that its name need not be known. */
export type Place = { readonly toolNames: readonly string[]; readonly isMarked: boolean }

const nameKeys = ['tool', 'name', 'function'] as const
const argumentKeys = ['args', 'arguments', 'parameters'] as const
/** May stand beside a call and say nothing about it. */
const idleKeys = ['id', 'call_id', 'type', 'index', 'description', 'role', 'content', 'thought', 'reasoning']
/** What only a result has: the model tells of a call, it makes none. */
const resultKeys = ['result', 'output', 'response', 'success', 'error']

/** The members that the first key of a call can be. */
export const firstKeys: readonly string[] = [...nameKeys, ...argumentKeys, ...idleKeys, 'tool_calls']

const other: Judged = { kind: 'other' }
const broken = (name: string | undefined): Judged => ({ kind: 'broken', ...(name === undefined ? {} : { name }) })

/**
 * The calls that a value says, in any of the shapes `{"tool","args"}`, `{"name","arguments"}`, `{"function":{"name"}}`,
 * `{"function":"name"}`, `{"tool_calls":[…]}` or a list of those. The description of a tool and the result of one are no
 * calls; a list is one only where every element is.
 */
export function judge(value: JsonValue, place: Place): Judged {
  if (isJsonArray(value)) return judgeList(value, place)
  if (!isJsonObject(value)) return other
  const list = member(value, 'tool_calls')
  if (isJsonArray(list)) return judgeList(list, place)
  const inner = member(value, 'function')
  return judgeCall(isJsonObject(inner) ? inner : value, place)
}

/** One name of ours makes the list a list of calls; the other names are then refused by whoever runs them. */
function judgeList(values: readonly JsonValue[], place: Place): Judged {
  const judged = values.map((value) => judge(isJsonArray(value) ? null : value, { ...place, isMarked: true }))
  const calls = judged.flatMap((one) => (one.kind === 'calls' ? one.calls : []))
  const names = judged.flatMap((one) => (one.kind === 'broken' ? (one.name ?? []) : []))
  const isOurs = [...calls.map((call) => call.name), ...names].some((name) => isKnown(name, place))
  if (values.length === 0 || !(isOurs || place.isMarked)) return other
  if (judged.some((one) => one.kind === 'other')) return place.isMarked ? broken(names[0]) : other
  return judged.some((one) => one.kind === 'broken') ? broken(names[0]) : { kind: 'calls', calls }
}

function judgeCall(value: JsonObject, place: Place): Judged {
  const [name, ...otherNames] = nameKeys.map((key) => member(value, key)).filter((one) => typeof one === 'string')
  if (name === undefined) return place.isMarked ? broken(undefined) : other
  if (!(place.isMarked || isKnown(name, place)) || isTold(value)) return other
  const given = argumentKeys.filter((key) => Object.hasOwn(value, key))
  const strange = Object.keys(value).filter((key) => !firstKeys.includes(key))
  if (otherNames.length > 0 || given.length > 1 || strange.length > 0) return broken(name)
  return { kind: 'calls', calls: [{ name, arguments: given[0] === undefined ? {} : (value[given[0]] ?? {}) }] }
}

const isKnown = (name: string, { toolNames }: Place): boolean => matchName(name, toolNames) !== undefined

/** The tool described, or its result told. */
function isTold(value: JsonObject): boolean {
  const isGiven = Object.hasOwn(value, 'args') || Object.hasOwn(value, 'arguments')
  return (Object.hasOwn(value, 'description') && !isGiven) || resultKeys.some((key) => Object.hasOwn(value, key))
}
