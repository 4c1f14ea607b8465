import serialize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/hex.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { canonicalize } from '../../src/signing/canonical.ts'
import { decodeDer, encodeDer } from '../../src/signing/der.ts'
import { JsonUnsupportedError } from '../../src/signing/errors.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { signingVectors, upstreamVectors } from '../signing/vectors.ts'
import { mangles } from './_bytes.ts'

const units = fc.oneof(
  fc.constantFrom(0x00, 0x1f, 0x22, 0x2f, 0x5c, 0x7f, 0x2028, 0x2029, 0xd7ff, 0xd800, 0xdbff, 0xdc00, 0xdfff, 0xe000),
  fc.constantFrom(0xfeff, 0xfffe, 0xffff),
  fc.nat(0xffff),
)
/** Any text a string of the language can hold, halves of pairs included. */
const anyText = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'binary', maxLength: 6 }) },
  { weight: 1, arbitrary: fc.array(units, { maxLength: 6 }).map((codes) => String.fromCharCode(...codes)) },
)
const oddKeys = fc.constantFrom(
  '',
  '__proto__',
  'constructor',
  'toString',
  'toJSON',
  'length',
  '0',
  '10',
  '9',
  '-1',
  '1e3',
)
const oddNumbers = fc.constantFrom(
  ...[-0, 0, 1e21, 1e-7, 1e-6, 999999999999999900000, 5e-324, -5e-324, 2 ** 53, 2 ** 53 - 1, -(2 ** 53) - 2, 0.1 + 0.2],
  ...[Number.MAX_VALUE, Number.MIN_VALUE, Number.EPSILON, 2 ** 31, -(2 ** 63), 123456789012345680000, 4.35, 1 / 3],
)
const unwritable = fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY)

/** Values of the language that are shaped like JSON; some of them JSON cannot say. */
const values = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    fc.constantFrom(null, true, false),
    anyText,
    oddNumbers,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    { weight: 1, arbitrary: fc.oneof({ weight: 30, arbitrary: fc.integer() }, { weight: 1, arbitrary: unwritable }) },
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.oneof(anyText, oddKeys), tie('value')), { maxLength: 5 })
      .map((members) => Object.fromEntries(members)),
  ),
})).value

function canonicalOrReason(value: JsonValue): string {
  try {
    return canonicalize(value)
  } catch (error) {
    if (error instanceof JsonUnsupportedError) return `refused: ${error.details['reason']}`
    throw error
  }
}

function theirs(value: JsonValue): string {
  try {
    return serialize(value) ?? 'nothing'
  } catch (error) {
    return /surrogate/.test(String(error)) ? 'refused: lone_surrogate' : 'refused: not_finite'
  }
}

describe('canonical JSON', () => {
  test('law: another implementation writes the same text, and refuses the same values', () => {
    fc.assert(
      fc.property(values, (value) => {
        const ours = canonicalOrReason(value)
        const other = theirs(value)
        // Of two things that are wrong, each may meet the other one first.
        expect(ours.startsWith('refused')).toBe(other.startsWith('refused'))
        if (!ours.startsWith('refused')) expect(ours).toBe(other)
      }),
      { numRuns: 4_000 },
    )
  })

  test('law: the text is its own canonical text, and says the value', () => {
    fc.assert(
      fc.property(values, (value) => {
        const text = canonicalOrReason(value)
        fc.pre(!text.startsWith('refused'))
        const read: JsonValue = JSON.parse(text)
        expect(canonicalize(read)).toBe(text)
        expect(JSON.stringify(sorted(read))).toBe(JSON.stringify(sorted(JSON.parse(JSON.stringify(value)))))
      }),
      { numRuns: 2_000 },
    )
  })

  test('law: half a pair anywhere is refused, for that reason', () => {
    const halves = fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit))
    const plain = fc.string({ maxLength: 3 })
    fc.assert(
      fc.property(plain, halves, plain, fc.nat(3), (before, half, after, where) => {
        const text = before + half + after
        const value: JsonValue = [text, [[text]], { [text]: 1 }, { a: { b: [text] } }][where] ?? null
        expect(canonicalOrReason(value)).toBe('refused: lone_surrogate')
      }),
      { numRuns: 400 },
    )
  })
})

/** Members in one order, so that two readings of one value have one text. */
function sorted(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const members = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1))
  return Object.fromEntries(members.map(([name, member]) => [name, sorted(member)]))
}

const proofs = [
  ...signingVectors.vectors.map(({ hashHex, signatureDerHex, id }) => ({ hashHex, signatureDerHex, id })),
  ...upstreamVectors
    .filter(({ valid }) => valid)
    .map(({ hashHex, signatureDerHex, id }) => ({ hashHex, signatureDerHex, id })),
]
const derWords = ['\x30', '\x02\x01\x00', '\x02\x00', '\x30\x80', '\x00\x00', '\x81', '\x02\x21\x00', '\xff'].map(
  (word) => Buffer.from(word, 'latin1'),
)

describe('a DER signature', () => {
  test('law: damaged, it has another meaning or none, and one text for each meaning', () => {
    fc.assert(
      fc.property(fc.constantFrom(...proofs), mangles(derWords), ({ signatureDerHex }, mangle) => {
        const whole = decodeHex(signatureDerHex) ?? new Uint8Array()
        const bytes = mangle(whole)
        fc.pre(!Buffer.from(bytes).equals(whole))
        const read = decodeDer(bytes)
        if (read === undefined) return
        expect(read).not.toEqual(decodeDer(whole))
        expect(Buffer.from(encodeDer(read)).equals(bytes)).toBe(true)
      }),
      { numRuns: 5_000 },
    )
  })

  test('law: any bytes are read or not, and nothing is thrown', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const read = decodeDer(Uint8Array.of(0x30, bytes.length, ...bytes))
        if (read !== undefined) expect(encodeDer(read).length).toBe(bytes.length + 2)
      }),
      { numRuns: 2_000 },
    )
  })

  test('law: a proof that was damaged proves nothing: signature, hash or id', async () => {
    const verifier = createVerifier({ maxKeys: 64 })
    const part = fc.constantFrom('signature' as const, 'hash' as const, 'id' as const)
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...proofs),
        part,
        mangles(derWords, { least: 0, most: 2 }),
        async (vector, what, mangle) => {
          const changed = (hex: string, name: typeof what): string =>
            name === what ? encodeHex(mangle(decodeHex(hex) ?? new Uint8Array())) : hex
          const proof = { id: changed(vector.id, 'id'), signature: changed(vector.signatureDerHex, 'signature') }
          const hashHex = changed(vector.hashHex, 'hash')
          const isSame =
            JSON.stringify([hashHex, proof.id, proof.signature]) ===
            JSON.stringify([vector.hashHex, vector.id, vector.signatureDerHex])
          expect(await verifier.verifyProof(hashHex, proof)).toBe(isSame)
        },
      ),
      { numRuns: 400 },
    )
  })
})
