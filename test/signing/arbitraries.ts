import fc from 'fast-check'
import { encodeHex } from '../../src/core/hex.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { isPrivateKey } from '../../src/signing/ecdsa.ts'

const text = fc.oneof(
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'grapheme', maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const key = fc.oneof(text, fc.nat(20).map(String)) // digits as keys: an object lists them by number, not as text

const { value, object } = fc.letrec<{ value: JsonValue; object: JsonObject }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    text,
    fc.array(tie('value'), { maxLength: 4 }),
    tie('object'),
  ),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: true }),
}))

/** Any JSON value: well-formed text, finite numbers, `-0`, keys made of digits. */
export const jsonValue = value

/** Any JSON object. */
export const jsonObject = object

/** A usable private key, 32 bytes. */
export const privateKey = fc.uint8Array({ minLength: 32, maxLength: 32 }).filter(isPrivateKey)

/** 64 lower-case hex digits. */
export const hashHex = fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeHex)
