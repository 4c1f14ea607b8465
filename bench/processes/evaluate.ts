/** Prints how often a second our VM, gas on, and json-logic-js run the oracle's makeMove on the same position. */
import { createRequire } from 'node:module'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import { evaluate } from '../../src/jlvm/evaluate.ts'
import { fromJson, toJson } from '../../src/jlvm/value.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { median } from '../statistics.ts'
import { loadRules } from './_rules.ts'

/** What is used of json-logic-js, which has no types of its own. */
type JsonLogic = {
  apply(rule: JsonValue, data: JsonValue): JsonValue
  add_operation(name: string, operation: (...values: never[]) => unknown): void
}
const jsonLogic = createRequire(import.meta.url)('json-logic-js') as JsonLogic

const { oracle } = loadRules()
const state = {
  board: ['X', 'O', null, null, 'O', null, null, null, 'X'],
  currentTurn: 'X',
  moveCount: 4,
  moveHistory: [0, 4, 8, 1].map((cell, at) => ({ player: at % 2 === 0 ? 'X' : 'O', cell, moveNum: at + 1 })),
  status: 'InProgress',
  roundCount: 0,
}
const input: JsonObject = { method: 'makeMove', args: { player: 'X', cell: 7 }, state }

/**
 * The same program in json-logic-js's terms. There an object of several members is data that is never looked into, and a
 * callback sees its element alone: objects become calls of `object`, and `var` falls back to the whole input.
 */
const operators = [
  'if',
  'in',
  'var',
  'all',
  'cat',
  'typeof',
  '!',
  'some',
  '>',
  '<',
  '<=',
  '>=',
  '===',
  'merge',
  '+',
  'or',
  'and',
  'slice',
]
function translate(json: JsonValue): JsonValue {
  if (isJsonArray(json)) return json.map(translate)
  if (!isJsonObject(json)) return json
  const [[name, args] = ['', null], ...others] = Object.entries(json)
  if (others.length === 0 && operators.includes(name)) return { [name]: translate(args) }
  return { object: Object.entries(json).flatMap(([key, value]) => [key, translate(value)]) }
}

let root: JsonValue = null
const walk = (from: JsonValue, path: readonly string[]): JsonValue | undefined =>
  path.reduce<JsonValue | undefined>((at, key) => (at as JsonObject | null | undefined)?.[key], from)
jsonLogic.add_operation('var', function (this: JsonValue, name: JsonValue = '', otherwise: JsonValue = null) {
  if (name === '') return this
  const path = String(name).split('.')
  return walk(this, path) ?? walk(root, path) ?? otherwise
})
jsonLogic.add_operation('object', (...flat: JsonValue[]) => {
  const made: Record<string, JsonValue> = {}
  for (let at = 0; at < flat.length; at += 2) made[String(flat[at])] = flat[at + 1] ?? null
  return made
})
jsonLogic.add_operation('merge', (...parts: JsonValue[]) =>
  parts.every((part) => isJsonObject(part)) ? Object.assign({}, ...parts) : parts.flat(),
)
jsonLogic.add_operation('slice', (list: JsonValue[], start: number, end?: number) => list.slice(start, end))
jsonLogic.add_operation('typeof', (value: JsonValue) => (Number.isInteger(value) ? 'int' : typeof value))

const theirs = translate(oracle.scriptProgram)
function runTheirs(): JsonValue {
  root = input
  return jsonLogic.apply(theirs, input)
}
const runOurs = (): JsonValue => toJson(evaluate(oracle.program, fromJson(input)).value)

const [ourText, theirText] = [canonicalize(runOurs()), canonicalize(runTheirs())]
if (ourText !== theirText) throw new Error(`The two disagree:\n${ourText}\n${theirText}`)

function perSecond(run: () => unknown): number {
  const startMs = performance.now()
  let count = 0
  while (performance.now() - startMs < 250) for (let times = 0; times < 50; times++, count++) run()
  return (count * 1000) / (performance.now() - startMs)
}

const ours: number[] = []
const rivals: number[] = []
for (let round = 0; round < 7; round++) {
  ours.push(perSecond(runOurs))
  rivals.push(perSecond(runTheirs))
}
console.log(JSON.stringify({ ours: median(ours.slice(2)), theirs: median(rivals.slice(2)) }))
