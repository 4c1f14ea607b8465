import type { ErrorObject } from 'ajv'
import { Ajv2020 } from 'ajv/dist/2020.js'
import type { JsonObject } from '../core/json.ts'
import { linearPattern } from './_check-schema.ts'
import type { ArgumentProblem } from './errors.ts'

/** What is wrong with arguments; nothing for those that fit. */
export type ArgumentCheck = (args: unknown) => readonly ArgumentProblem[]

/**
 * Makes the check of a tool's own schema, of draft 2020-12. Words that the draft does not know are faults: a word that is
 * misspelt would check nothing. Formats are words alone.
 * @throws Error saying what the schema has wrong
 */
export function compileArguments(schema: JsonObject): ArgumentCheck {
  const ajv = new Ajv2020({
    strict: true,
    strictTypes: false,
    strictTuples: false,
    validateFormats: false,
    logger: false,
    code: { regExp: linearPattern },
  })
  const check = ajv.compile(schema)
  if ('$async' in check) throw new TypeError('$async is not taken.')
  return (args) => (check(args) ? [] : (check.errors ?? []).map(problemOf))
}

function problemOf({ instancePath, keyword, message, params }: ErrorObject): ArgumentProblem {
  const named = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty']
  const path = instancePath.slice(1).split('/').filter(Boolean)
  return {
    path: [...path, ...(typeof named === 'string' ? [named] : [])].join('.').slice(0, 100),
    problem: keyword === 'required' ? 'is missing' : (message ?? keyword),
  }
}
