import { KeystoreUnreadableError } from './errors.ts'

/**
 * One BER element. Its bytes are views into the bytes it was read from, so that a decrypted key is never text
 * and is gone once the source is zeroed (node-forge's parser would hand it out as strings).
 */
export type BerNode = {
  /** The identifier octet: class, constructed bit and tag number. */
  readonly tag: number
  readonly encoded: Uint8Array
  readonly content: Uint8Array
  /** Empty for a primitive element. */
  readonly children: readonly BerNode[]
}

/** Deeper than any PKCS#12 store nests, far below what the stack takes. */
const maxDepth = 32
const constructedBit = 0x20

type Element = { node: BerNode; end: number }

/**
 * Reads exactly one BER element, definite or indefinite lengths, nested at most 32 deep.
 * @throws KeystoreUnreadableError for anything else, trailing bytes included.
 * @see ITU-T X.690 §8.1
 */
export function decodeBer(bytes: Uint8Array): BerNode {
  const { node, end } = readElement(bytes, 0, 0)
  if (end !== bytes.length) throw new KeystoreUnreadableError()
  return node
}

function readElement(bytes: Uint8Array, start: number, depth: number): Element {
  const tag = byteAt(bytes, start)
  // Tag numbers above 30 take more octets and occur nowhere in PKCS#12.
  if (depth > maxDepth || (tag & 0x1f) === 0x1f) throw new KeystoreUnreadableError()
  const { length, contentStart } = readLength(bytes, start + 1)
  if (length === undefined) return readIndefinite(bytes, { tag, start, contentStart, depth })
  const end = contentStart + length
  if (end > bytes.length) throw new KeystoreUnreadableError()
  const children: BerNode[] = []
  if ((tag & constructedBit) !== 0) {
    const inside = bytes.subarray(0, end)
    for (let at = contentStart; at < end; ) {
      const child = readElement(inside, at, depth + 1)
      children.push(child.node)
      at = child.end
    }
  }
  const node = { tag, encoded: bytes.subarray(start, end), content: bytes.subarray(contentStart, end), children }
  return { node, end }
}

type Indefinite = { tag: number; start: number; contentStart: number; depth: number }

/** Children up to the two zero octets that end the contents. */
function readIndefinite(bytes: Uint8Array, { tag, start, contentStart, depth }: Indefinite): Element {
  if ((tag & constructedBit) === 0) throw new KeystoreUnreadableError()
  const children: BerNode[] = []
  let at = contentStart
  while (byteAt(bytes, at) !== 0 || byteAt(bytes, at + 1) !== 0) {
    const child = readElement(bytes, at, depth + 1)
    children.push(child.node)
    at = child.end
  }
  const end = at + 2
  return {
    node: { tag, encoded: bytes.subarray(start, end), content: bytes.subarray(contentStart, at), children },
    end,
  }
}

/** A length of undefined is the indefinite form. */
function readLength(bytes: Uint8Array, start: number): { length: number | undefined; contentStart: number } {
  const first = byteAt(bytes, start)
  if (first < 0x80) return { length: first, contentStart: start + 1 }
  if (first === 0x80) return { length: undefined, contentStart: start + 1 }
  const count = first & 0x7f
  if (count > 4) throw new KeystoreUnreadableError()
  let length = 0
  for (let i = 1; i <= count; i++) length = length * 256 + byteAt(bytes, start + i)
  return { length, contentStart: start + 1 + count }
}

function byteAt(bytes: Uint8Array, index: number): number {
  const byte = bytes[index]
  if (byte === undefined) throw new KeystoreUnreadableError()
  return byte
}

/** The child of a node at an index, with the tag the structure asks for. @throws KeystoreUnreadableError without it. */
export function childAt(node: BerNode, index: number, tag?: number): BerNode {
  const child = node.children[index]
  if (child === undefined || (tag !== undefined && child.tag !== tag)) throw new KeystoreUnreadableError()
  return child
}

/** The same node, once its tag is what the structure asks for. @throws KeystoreUnreadableError otherwise. */
export function tagged(node: BerNode, tag: number): BerNode {
  if (node.tag !== tag) throw new KeystoreUnreadableError()
  return node
}

/** The bytes of an OCTET STRING, or of an implicit tag standing for one; the pieces of a constructed one joined. */
export function octetsOf(node: BerNode, tag = 0x04): Uint8Array {
  if (node.tag === tag) return node.content
  return Buffer.concat(tagged(node, tag | constructedBit).children.map((piece) => octetsOf(piece)))
}

/** A non-negative INTEGER of at most four octets. */
export function smallIntOf(node: BerNode): number {
  const { content } = tagged(node, 0x02)
  const tooLong = content.length === 0 || content.length > 4
  if (tooLong || byteAt(content, 0) > 0x7f) throw new KeystoreUnreadableError()
  return content.reduce((sum, byte) => sum * 256 + byte, 0)
}

/** An OBJECT IDENTIFIER in dotted form. @see ITU-T X.690 §8.19 */
export function oidOf(node: BerNode): string {
  const arcs: number[] = []
  let arc = 0
  for (const byte of tagged(node, 0x06).content) {
    arc = arc * 128 + (byte & 0x7f)
    if (byte > 0x7f) continue
    arcs.push(arc)
    arc = 0
  }
  const [first = 0, ...rest] = arcs
  const root = Math.min(Math.floor(first / 40), 2)
  return [root, first - root * 40, ...rest].join('.')
}
