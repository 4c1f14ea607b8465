import { createHash } from 'node:crypto'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { JsonValue } from '../core/json.ts'
import { isJsonArray, isJsonObject } from '../core/json.ts'
import type { Program } from './program.ts'
import { compile } from './program.ts'

/** An expression that stands for all with its content, and its program. */
export type Interned = { readonly json: JsonValue; readonly program: Program }

/** Shares expressions and programs between all who hold equal ones. */
export type ProgramCache = {
  /** The one JSON object and the one program for this content, whatever the order of keys. Compiles each content once. */
  intern(expression: JsonValue): Interned
}

/**
 * A cache of at most `maxPrograms` contents, of which the least recently used is forgotten. JSON that was seen before is
 * found by identity; other JSON by the SHA-256 of its content, since an attacker may write expressions.
 */
export function createProgramCache({ maxPrograms }: { readonly maxPrograms: number }): ProgramCache {
  const byContent = createBoundedMap<string, Interned>(maxPrograms)
  const byIdentity = new WeakMap<object, Interned>()

  const internContent = (expression: JsonValue): Interned => {
    const hash = createHash('sha256').update(contentText(expression)).digest('base64')
    const interned = byContent.get(hash) ?? { json: expression, program: compile(expression) }
    byContent.set(hash, interned)
    return interned
  }

  return {
    intern(expression) {
      if (typeof expression !== 'object' || expression === null) return internContent(expression)
      const known = byIdentity.get(expression)
      if (known !== undefined) return known
      const interned = internContent(expression)
      byIdentity.set(expression, interned)
      return interned
    },
  }
}

/** JSON text with sorted keys. */
function contentText(json: JsonValue): string {
  if (isJsonArray(json)) return `[${json.map(contentText).join()}]`
  if (!isJsonObject(json)) return JSON.stringify(json)
  const members = Object.keys(json)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${contentText(json[key] ?? null)}`)
  return `{${members.join()}}`
}
