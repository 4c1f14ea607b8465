import { expect } from 'vitest'
import { z } from 'zod'

export type Json = Record<string, unknown>
export type Media = {
  readonly schema: Json
  /** Of one line or event of a stream. */
  readonly 'x-item-schema'?: Json
  readonly examples?: Readonly<Record<string, Example>>
}
export type Example = { readonly value: unknown; readonly 'x-status'?: number }
export type Response = {
  readonly description: string
  readonly headers: Json
  readonly content: Readonly<Record<string, Media>>
}
export type Parameter = {
  readonly name: string
  readonly in: string
  readonly required?: boolean
  readonly example?: string
}
export type Operation = {
  readonly operationId: string
  readonly summary: string
  readonly tags: readonly string[]
  readonly parameters: readonly Parameter[]
  readonly requestBody?: { readonly content: Readonly<Record<string, Media>> }
  readonly responses: Readonly<Record<string, Response>>
}
export type Method = 'get' | 'post' | 'delete'
export type Document = {
  readonly openapi: string
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<Method, Operation>>>>
  readonly components: Readonly<Record<string, Json>>
}

/** The document with every reference replaced by what it names; there are no circles. */
export function resolve(value: unknown, root: Document): unknown {
  if (Array.isArray(value)) return value.map((one) => resolve(one, root))
  if (typeof value !== 'object' || value === null) return value
  if ('$ref' in value && typeof value.$ref === 'string') return resolve(at(root, value.$ref), root)
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, resolve(one, root)]))
}

function at(root: Document, ref: string): unknown {
  expect(ref).toMatch(/^#\/components\//)
  const found = ref
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Json)[key], root)
  expect(found, `${ref} names nothing`).toBeDefined()
  return found
}

/** By the schema as it stands in the document. */
export const check = (schema: Json, value: unknown) =>
  z.fromJSONSchema(schema as z.core.JSONSchema.JSONSchema).safeParse(value)

/** What is wrong with a value of a place, or with the pieces of a stream. */
export function issuesOf({ schema, 'x-item-schema': itemSchema }: Media, value: unknown): unknown[] {
  const issues = check(schema, value).error?.issues ?? []
  if (itemSchema === undefined) return issues
  const items = itemsOf(String(value))
  expect(items.length).toBeGreaterThan(0)
  return [...issues, ...items.flatMap((item) => check(itemSchema, item).error?.issues ?? [])]
}

/** Lines of JSON, or the data of events but for the last of a chat, which is no JSON. Comments are nobody's. */
function itemsOf(text: string): unknown[] {
  if (text.startsWith('retry: ')) return [...text.matchAll(/^data: (.*)$/gm)].map(([, one = '']) => JSON.parse(one))
  const isEvents = /^(?:data)?: /.test(text)
  if (!isEvents)
    return text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
  expect(text.endsWith('data: [DONE]\n\n')).toBe(true)
  const data = [...text.matchAll(/^data: (.*)$/gm)].map(([, one = '']) => one)
  return data.slice(0, -1).map((one) => JSON.parse(one))
}
