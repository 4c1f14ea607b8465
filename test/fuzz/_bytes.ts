import fc from 'fast-check'

/** One thing that happens to bytes on their way: places are fractions, so that it fits a text of any length. */
type Damage =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly byte: number }
  | { readonly kind: 'cut'; readonly at: number; readonly size: number }
  | { readonly kind: 'repeat'; readonly at: number; readonly size: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'end'; readonly at: number }

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })
const size = fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 64 }))
const edges = fc.constantFrom(0x00, 0x01, 0x1f, 0x20, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff)

const damage = (words: readonly Uint8Array[]): fc.Arbitrary<Damage> =>
  fc.oneof(
    fc.record({ kind: fc.constant('flip' as const), at: place, bit: fc.nat(7) }),
    fc.record({ kind: fc.constant('set' as const), at: place, byte: fc.oneof(edges, fc.nat(255)) }),
    fc.record({ kind: fc.constant('cut' as const), at: place, size }),
    fc.record({ kind: fc.constant('repeat' as const), at: place, size }),
    fc.record({
      kind: fc.constant('insert' as const),
      at: place,
      bytes: fc.oneof(fc.constantFrom(...words), fc.uint8Array({ minLength: 1, maxLength: 4 })),
    }),
    fc.record({ kind: fc.constant('end' as const), at: place }),
  )

function damaged(bytes: Uint8Array, change: Damage): Uint8Array {
  const at = Math.floor(change.at * bytes.length)
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)]
  if (change.kind === 'end') return before
  if (change.kind === 'insert') return Buffer.concat([before, change.bytes, after])
  if (change.kind === 'cut') return Buffer.concat([before, after.subarray(change.size)])
  if (change.kind === 'repeat') return Buffer.concat([before, after.subarray(0, change.size), after])
  const [first] = after
  if (first === undefined) return bytes
  const byte = change.kind === 'set' ? change.byte : first ^ (1 << change.bit)
  return Buffer.concat([before, Uint8Array.of(byte), after.subarray(1)])
}

/** Turns bytes into others, by up to `most` changes; the same ones turn the same bytes into the same others. */
export type Mangle = (bytes: Uint8Array) => Uint8Array

/** Changes of bits, bytes, lengths and order; `words` are put in whole, being what the reader looks out for. */
export const mangles = (words: readonly (string | Uint8Array)[], { most = 4, least = 1 } = {}): fc.Arbitrary<Mangle> =>
  fc
    .array(damage(words.map((word) => Buffer.from(word))), { minLength: least, maxLength: most })
    .map((changes): Mangle => {
      const mangle: Mangle = (bytes) => changes.reduce(damaged, bytes)
      // What a failing run prints of it.
      return Object.assign(mangle, { [fc.toStringMethod]: () => fc.stringify(changes) })
    })

/** The bytes in pieces, cut where the fractions say. */
export function piecesOf(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [0, ...cuts.map((cut) => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b)
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}

/** Where to cut; many cuts leave single bytes. */
export const cuts: fc.Arbitrary<number[]> = fc.array(place, { maxLength: 40 })
