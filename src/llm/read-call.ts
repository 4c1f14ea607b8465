import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject, member } from '../core/json.ts'
import { readBrackets } from './_text-json.ts'
import { fold, matchName } from './_text-names.ts'
import type { Parameter } from './_text-schema.ts'
import { describeParameters, parametersOf } from './_text-schema.ts'
import { allowsNull, coerce } from './_text-values.ts'
import type { ModelTool } from './language-model.ts'
import type { FoundCall, RepairKind } from './text-calls.ts'

/** A call that may be run, or what to tell the model. */
export type ReadCall =
  | {
      readonly ok: true
      /** As the tool is called. */
      readonly name: string
      readonly args: JsonObject
      readonly repairs: readonly RepairKind[]
    }
  | {
      readonly ok: false
      readonly kind: 'unknown_tool' | 'invalid_arguments'
      /** The tool's own name, or the unknown one as the model wrote it, at most 64 characters of it. */
      readonly name: string
      readonly error: string
      /** What to do instead, in words for a model. */
      readonly hint: string
    }

/** Arguments on their way; a text is why they are refused. */
type Step = { readonly args: JsonObject; readonly repairs: readonly RepairKind[] } | string

/**
 * Which tool a call means, and its arguments in the form of that tool's schema, changed only where nothing is lost: a text
 * of JSON is parsed, wrappers come off, keys and listed words take their own case, `"4"` becomes 4, nulls of optional
 * arguments go. A name must be the tool's but for case, underscores, dashes and dots; never the nearest. A missing argument
 * stays missing, for the tool's own schema to refuse.
 */
export function readCall(call: FoundCall, tools: readonly ModelTool[]): ReadCall {
  const names = tools.map((tool) => tool.name)
  const match = matchName(call.name, names)
  const tool = tools.find(({ name }) => name === match?.name)
  if (match === undefined || tool === undefined) return unknownTool(call.name, names)
  const step = readArguments(call.arguments, tool)
  if (typeof step === 'string') return invalidArguments(tool, step)
  const repairs = new Set<RepairKind>([...(match.isExact ? [] : (['name'] as const)), ...step.repairs])
  return { ok: true, name: tool.name, args: step.args, repairs: [...repairs] }
}

const short = (name: string): string => name.slice(0, 64).toWellFormed()

const unknownTool = (name: string, names: readonly string[]): ReadCall => ({
  ok: false,
  kind: 'unknown_tool',
  name: short(name),
  error: `There is no tool named ${JSON.stringify(short(name))}.`,
  hint: names.length === 0 ? 'There are no tools; answer in words.' : `Use one of: ${names.join(', ')}.`,
})

const invalidArguments = (tool: ModelTool, error: string): ReadCall => ({
  ok: false,
  kind: 'invalid_arguments',
  name: tool.name,
  error,
  hint: `Call ${tool.name} with one JSON object. Its arguments: ${describeParameters(tool)}.`,
})

function readArguments(value: JsonValue, tool: ModelTool): Step {
  const parameters = parametersOf(tool)
  const parsed = parseText(value)
  if (typeof parsed === 'string') return parsed
  if (!isPlain(parsed.args, maxDepth)) return 'The arguments nest too deep or hold a name that is not allowed.'
  if (parameters === undefined) return parsed
  const args = unwrap(parsed.args, parameters)
  if (typeof args === 'string') return args
  const fitted = toForm(args, parameters, member(tool.parameters, 'additionalProperties'))
  if (typeof fitted === 'string') return fitted
  const isChanged = args !== parsed.args || fitted.isChanged
  return { args: fitted.args, repairs: [...parsed.repairs, ...(isChanged ? (['arguments'] as const) : [])] }
}

/** Some wires and some models write the arguments as a text; it is parsed once. Nothing at all means none. */
function parseText(value: JsonValue): Step {
  if (isJsonObject(value)) return { args: value, repairs: [] }
  if (value === null || (typeof value === 'string' && value.trim() === '')) return { args: {}, repairs: ['arguments'] }
  const reading = typeof value === 'string' ? readBrackets(value.trim()) : undefined
  if (!isJsonObject(reading?.value)) return 'The arguments are not one complete JSON object.'
  return { args: reading.value, repairs: reading.isRepaired ? ['arguments', 'json'] : ['arguments'] }
}

const maxDepth = 32
const forbiddenKeys = ['__proto__', 'constructor', 'prototype']

/** Native arguments come past the strict decoder. */
function isPlain(value: JsonValue, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  if (isJsonArray(value)) return value.every((one) => isPlain(one, depth - 1))
  return Object.keys(value).every((key) => !forbiddenKeys.includes(key) && isPlain(value[key] ?? null, depth - 1))
}

const wrappers = ['arguments', 'parameters', 'args']
const schemaKeys = ['type', 'properties', 'required', 'additionalProperties', '$schema']

/** Takes off what models wrap arguments in, unless the tool has an argument of that name. A text is a refusal. */
function unwrap(args: JsonObject, parameters: readonly Parameter[]): JsonObject | string {
  const isOwn = (key: string) => parameters.some(({ name }) => name === key)
  const keys = Object.keys(args)
  const [key = ''] = keys
  if (keys.length === 1 && wrappers.includes(key) && !isOwn(key)) {
    const inner = parseText(args[key] ?? null)
    return typeof inner === 'string' ? inner : unwrapSchema(inner.args, isOwn)
  }
  return unwrapSchema(args, isOwn)
}

/** The schema written out again with the values in it: `{"type":"object","properties":{"cell":{"value":4}}}`. */
function unwrapSchema(args: JsonObject, isOwn: (key: string) => boolean): JsonObject | string {
  const properties = member(args, 'properties')
  const isEcho = isJsonObject(properties) && Object.keys(args).every((key) => schemaKeys.includes(key) && !isOwn(key))
  if (!isEcho) return args
  const values = Object.entries(properties).map(([name, value]) => [
    name,
    isJsonObject(value) ? member(value, 'value') : value,
  ])
  if (values.some(([, value]) => value === undefined)) return 'The arguments are a schema, not values.'
  return Object.fromEntries(values)
}

type Fitted = { readonly args: JsonObject; readonly isChanged: boolean } | string

/** Every member under the name and in the type of the schema. A text is a refusal. */
function toForm(args: JsonObject, parameters: readonly Parameter[], additional: JsonValue | undefined): Fitted {
  const fitted = new Map<string, JsonValue>()
  let isChanged = false
  for (const [key, value] of Object.entries(args)) {
    const parameter = parameterOf(key, parameters)
    const name = parameter?.name ?? key
    if (parameter === undefined && (additional === undefined || additional === false))
      return unknownKey(key, parameters)
    if (fitted.has(name)) return `The argument ${JSON.stringify(name)} is given twice.`
    const isEmpty = value === null && parameter?.isRequired === false && !allowsNull(parameter.schema)
    const fittedValue = parameter === undefined ? value : coerce(value, parameter.schema)
    isChanged ||= name !== key || isEmpty || fittedValue !== value
    if (!isEmpty) fitted.set(name, fittedValue)
  }
  return { args: Object.fromEntries(fitted), isChanged }
}

function parameterOf(key: string, parameters: readonly Parameter[]): Parameter | undefined {
  const exact = parameters.find(({ name }) => name === key)
  if (exact !== undefined) return exact
  const [match, ...others] = parameters.filter(({ name }) => fold(name) === fold(key))
  return others.length === 0 ? match : undefined
}

function unknownKey(key: string, parameters: readonly Parameter[]): string {
  const expected = parameters.map(({ name }) => name).join(', ')
  const known = expected === '' ? 'It takes none' : `Expected: ${expected}`
  return `There is no argument ${JSON.stringify(short(key))}. ${known}.`
}
