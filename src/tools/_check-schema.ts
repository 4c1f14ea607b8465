import type { ErrorObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { RE2JS } from 're2js'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { runBounded, WorkStoppedError } from './_bounded-run.ts'
import type { SchemaProblem } from './_faults.ts'
import { ArgumentFaultError, SchemaFaultError } from './_faults.ts'

/** Schemas of others may refer to themselves so that checking never ends. */
const checkMs = 1_000
const maxProblems = 20

/** Patterns in linear time: one of a schema may be as hostile as the rest of it. */
export const linearPattern = Object.assign(
  (source: string) => {
    const pattern = RE2JS.compile(source)
    return { test: (text: string) => pattern.matcher(text).find(), toString: () => source }
  },
  { code: 'linearPattern' },
)

/**
 * Holds a document to a JSON Schema of draft 2020-12, which may refer to its own parts and to nothing else.
 * @throws SchemaFaultError with the problems, ArgumentFaultError for a schema that is none
 */
export function checkSchema(document: JsonValue, schema: JsonObject): void {
  const problems = problemsOf(document, schema)
  if (problems.length > 0) throw new SchemaFaultError(problems)
}

function problemsOf(document: JsonValue, { $schema: _, ...schema }: JsonObject): SchemaProblem[] {
  // One for each schema, forgotten with it. Formats are words to it: none is loaded.
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false, code: { regExp: linearPattern } })
  try {
    return runBounded(() => {
      const check = ajv.compile<JsonValue>(schema)
      if ('$async' in check) throw new ArgumentFaultError('schema', '$async is not taken.')
      return check(document) ? [] : (check.errors ?? []).slice(0, maxProblems).map(problemOf)
    }, checkMs)
  } catch (error) {
    if (error instanceof ArgumentFaultError) throw error
    if (error instanceof WorkStoppedError)
      throw new ArgumentFaultError('schema', `took longer than ${checkMs} ms to check.`, { cause: error })
    const fact = error instanceof Error ? error.message.slice(0, 300) : 'is none.'
    throw new ArgumentFaultError('schema', fact, { cause: error, hint: 'Send a JSON Schema of draft 2020-12.' })
  }
}

const problemOf = ({ instancePath, keyword, message, params }: ErrorObject): SchemaProblem => {
  const extra = keyword === 'additionalProperties' ? ` (${String(params['additionalProperty']).slice(0, 100)})` : ''
  return { path: instancePath.slice(0, 300), problem: `${message ?? keyword}${extra}` }
}

/** How deep documents may nest. */
const maxDepth = 64

/**
 * A strict JSON value of a text that an argument holds.
 * @throws ArgumentFaultError
 */
export function readJson(text: string, path: string): JsonValue {
  try {
    return decodeJson(text, { forbidden: 'schema', maxDepth })
  } catch (cause) {
    throw new ArgumentFaultError(path, cause instanceof Error ? cause.message : 'is not JSON.', { cause })
  }
}
