import type { JsonValue } from '../core/json.ts'
import type { VocabularyName } from '../fiber/messages.ts'
import { normalize } from '../jlvm/normal-form.ts'
import type { Role } from './translate.ts'
import { translate } from './translate.ts'

/** Gives an expression as a chain's wire has it: in normal form and in the chain's words. */
export type ExpressionWriter = (expression: JsonValue, role: Role, from: VocabularyName) => JsonValue

/**
 * A writer for one vocabulary. It remembers what it wrote for as long as the expression lives: the same few
 * definitions are shared by all games and shown again at every read.
 */
export function createExpressionWriter(to: VocabularyName): ExpressionWriter {
  const written = new WeakMap<object, Map<string, JsonValue>>()
  return (expression, role, from) => {
    if (typeof expression !== 'object' || expression === null) return expression
    const known = written.get(expression) ?? new Map<string, JsonValue>()
    const key = `${role} ${from}`
    const text = known.get(key) ?? translate(normalize(expression), role, from, to)
    written.set(expression, known.set(key, text))
    return text
  }
}
