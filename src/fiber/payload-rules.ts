import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import type { Limits } from './limits.ts'
import type { Problem } from './problem.ts'

/** Enough to act on; a payload with a thousand bad strings needs no thousand sentences. */
const maxProblems = 10

/**
 * The size of a value as a node estimates it: null 4, boolean 5, number 8 and its digits, string 4 and two a UTF-16
 * unit, array 8 and its items, map 8 and two a unit of each key and its values.
 * @see OttoChain `CommonRules.estimateValueSize`
 * @example estimateSize({ n: 1 }) // 8 + 2 + 9 = 19
 */
export function estimateSize(value: JsonValue): number {
  if (value === null) return 4
  if (typeof value === 'boolean') return 5
  if (typeof value === 'number') return 8 + String(value).length
  if (typeof value === 'string') return 4 + 2 * value.length
  if (isJsonArray(value)) return value.reduce<number>((sum, item) => sum + estimateSize(item), 8)
  return Object.entries(value).reduce((sum, [key, item]) => sum + 2 * key.length + estimateSize(item), 8)
}

/** Strings, arrays and maps at any depth, at most ten problems. @see OttoChain `CommonRules.validatePayloadStructure` */
export function structureProblems(value: JsonValue, name: string, limits: Limits): readonly Problem[] {
  const problems: Problem[] = []
  collect(value, name, limits, problems)
  return problems
}

function collect(value: JsonValue, path: string, limits: Limits, problems: Problem[]): void {
  if (problems.length >= maxProblems) return
  const problem = ownProblem(value, path, limits)
  if (problem !== undefined) problems.push(problem)
  else if (isJsonArray(value))
    for (const [index, item] of value.entries()) collect(item, `${path}[${index}]`, limits, problems)
  else if (isJsonObject(value))
    for (const [key, item] of Object.entries(value)) collect(item, `${path}.${key}`, limits, problems)
}

function ownProblem(value: JsonValue, path: string, limits: Limits): Problem | undefined {
  if (typeof value === 'string') return stringProblem(value, path, limits)
  if (isJsonArray(value) && value.length > limits.arrayLength)
    return { code: 'ArrayTooLarge', message: `The array holds more than ${limits.arrayLength} items.`, detail: path }
  if (isJsonObject(value) && Object.keys(value).length > limits.mapEntries)
    return { code: 'MapTooLarge', message: `The map holds more than ${limits.mapEntries} entries.`, detail: path }
  return undefined
}

function stringProblem(text: string, path: string, limits: Limits): Problem | undefined {
  if (text.length > limits.stringLength)
    return {
      code: 'StringTooLong',
      message: `The string has more than ${limits.stringLength} characters.`,
      detail: path,
    }
  if (/\p{Cc}/u.test(text))
    return { code: 'StringContainsControlChars', message: 'The string holds a control character.', detail: path }
  return undefined
}
