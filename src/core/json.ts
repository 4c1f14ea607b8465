/** What JSON can say. Treated as immutable everywhere. */
export type JsonValue = null | boolean | number | string | JsonArray | JsonObject
export type JsonArray = readonly JsonValue[]
export type JsonObject = { readonly [key: string]: JsonValue }

/** Is it an object, and neither an array nor null? */
export const isJsonObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** `Array.isArray` that keeps the element type of a read-only array. */
export const isJsonArray = (value: JsonValue | undefined): value is JsonArray => Array.isArray(value)

/** An own member, or undefined: names like `constructor` find nothing that was not sent. */
export const member = (object: JsonObject, key: string): JsonValue | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined
