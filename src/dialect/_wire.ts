import { z } from 'zod'
import type { JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { isUuid } from '../core/uuid.ts'
import type { AccessControl, Message } from '../fiber/messages.ts'
import { normalize } from '../jlvm/normal-form.ts'
import { isAddress } from '../signing/address.ts'
import { MessageUndecodableError } from './errors.ts'

/** Any JSON value; a missing member is none. */
export const Json = z.custom<JsonValue>((value) => value !== undefined, 'a value is missing')

/** A value that may be null or left out; left out is read as null. */
export const OptionalJson = Json.default(null)

/** A JSON-Logic expression, read into its normal form, which is what a node keeps and hashes. */
export const Expression = Json.transform(normalize)

/** A UUID of any version, read in lower case. @see RFC 9562 §4 */
export const Uuid = z
  .string()
  .refine(isUuid, 'not a UUID')
  .transform((text) => text.toLowerCase())

/** A set of ids: duplicates fall away. A node keeps the order of up to four; do not rely on more. */
export const Uuids = z.array(Uuid).transform(unique)

const Address = z.string().refine(isAddress, 'not a DAG address')

/** A number that counts steps or snapshots. */
export const Count = z.int().min(0)

/**
 * An object of which only the first member is looked at: its name picks the schema for its value.
 * @see circe, how a sealed trait is decoded by its wrapper
 */
export function firstMember<T>(schemas: { readonly [name: string]: z.ZodType<T> }) {
  return Json.transform((value, context): T => {
    const [name, inner] = (isJsonObject(value) ? Object.entries(value)[0] : undefined) ?? []
    const schema = name !== undefined && Object.hasOwn(schemas, name) ? schemas[name] : undefined
    if (name === undefined || schema === undefined) {
      context.addIssue(`expected an object with one of ${Object.keys(schemas).join(', ')}`)
      return z.NEVER
    }
    const parsed = schema.safeParse(inner)
    if (parsed.success) return parsed.data
    for (const { message, path } of parsed.error.issues)
      context.addIssue({ code: 'custom', message, path: [name, ...path], input: inner })
    return z.NEVER
  })
}

/** Who may invoke a script, as every dialect writes it. */
export const AccessControlWire = firstMember<AccessControl>({
  Public: z.object({}).transform((): AccessControl => ({ type: 'Public' })),
  Whitelist: z
    .object({ addresses: z.array(Address).transform(unique) })
    .transform(({ addresses }): AccessControl => ({ type: 'Whitelist', addresses })),
  FiberOwned: z.object({ fiberId: Uuid }).transform(({ fiberId }): AccessControl => ({ type: 'FiberOwned', fiberId })),
})

/** The inverse of {@link AccessControlWire}. */
export function encodeAccessControl(policy: AccessControl): JsonValue {
  if (policy.type === 'Whitelist') return { Whitelist: { addresses: unique(policy.addresses) } }
  if (policy.type === 'FiberOwned') return { FiberOwned: { fiberId: policy.fiberId.toLowerCase() } }
  return { Public: {} }
}

/** An id or none, in lower case. */
export const encodeId = (id: string | null): string | null => id?.toLowerCase() ?? null

/** Ids in lower case, each once. */
export const encodeIds = (ids: readonly string[]): string[] => unique(ids.map((id) => id.toLowerCase()))

/** @throws MessageUndecodableError naming the first wrong field */
export function parseMessage(schema: z.ZodType<Message>, wire: JsonValue): Message {
  const parsed = schema.safeParse(wire)
  if (parsed.success) return parsed.data
  const { path, fault } = firstFault(parsed.error)
  throw new MessageUndecodableError(path, fault)
}

/** Where the first fault lies, as `definition.transitions[0].guard`, and what it is. */
export function firstFault(error: z.ZodError): { path: string; fault: string } {
  const [issue] = error.issues
  return issue ? { path: z.core.toDotPath(issue.path), fault: issue.message } : { path: '', fault: 'unreadable' }
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)]
}
