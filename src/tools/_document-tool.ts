import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { checkSchema, readJson } from './_check-schema.ts'
import { ArgumentFaultError } from './_faults.ts'
import type { Tool } from './tool.ts'
import { defineTool } from './tool.ts'

/** Of one document, in characters. */
const maxText = 1024 * 1024

/** A way to write values as text. */
export type Notation = {
  readonly name: 'json' | 'yaml'
  readonly aliases: readonly string[]
  /** @throws ArgumentFaultError naming `text` */
  parse(text: string): JsonValue
  generate(value: JsonValue): string
}

const Input = z.object({
  action: z
    .enum(['parse', 'generate', 'check'])
    .describe('parse: text to value. generate: value to text. check: only whether it is right.'),
  text: z.string().max(maxText).optional().describe('For parse and check.'),
  value: z.unknown().optional().describe('For generate.'),
  schema: z.record(z.string(), z.unknown()).optional().describe('A JSON Schema (2020-12) that the value has to fit.'),
})

/** A tool that reads and writes one notation, and holds documents to a schema where one is given. */
export const documentTool = ({ name, aliases, parse, generate }: Notation): Tool =>
  defineTool({
    name,
    aliases,
    summary: `Read, write or check ${name.toUpperCase()}, by a JSON Schema where you give one.`,
    effect: 'read',
    origin: 'base',
    sandbox: { maxBytes: 7 * maxText },
    input: Input,
    output: z.object({ value: z.unknown().optional(), text: z.string().optional(), valid: z.literal(true) }),
    async run({ action, text, value, schema }) {
      const document = action === 'generate' ? plain(value, 'value') : parse(required(text))
      if (schema !== undefined) checkSchema(document, schemaOf(schema))
      if (action === 'check') return { result: { valid: true as const } }
      const made = action === 'parse' ? { value: document } : { text: generate(document) }
      return { result: { valid: true as const, ...made } }
    },
  })

function required(text: string | undefined): string {
  if (text === undefined) throw new ArgumentFaultError('text', 'is missing.', { hint: 'Send the document as text.' })
  return text
}

function schemaOf(schema: Record<string, unknown>) {
  const plainSchema = plain(schema, 'schema')
  if (!isJsonObject(plainSchema)) throw new ArgumentFaultError('schema', 'is not an object.')
  return plainSchema
}

/**
 * A value as JSON has it, and nothing that JSON would change silently.
 * @throws ArgumentFaultError
 */
export function plain(value: unknown, path: string): JsonValue {
  const text = textOf(value, path)
  if (text === undefined) throw new ArgumentFaultError(path, 'is missing.')
  return readJson(text, path)
}

function textOf(value: unknown, path: string): string | undefined {
  try {
    return JSON.stringify(value, (_, inner: unknown) => {
      if (typeof inner === 'number' && !Number.isFinite(inner))
        throw new ArgumentFaultError(path, 'has a number that JSON cannot say.')
      return inner
    })
  } catch (cause) {
    if (cause instanceof ArgumentFaultError) throw cause
    throw new ArgumentFaultError(path, 'is no JSON value.', { cause }) // circular, or nested too deep
  }
}
