/**
 * Writes one DER element: identifier octet, shortest definite length, the parts in order.
 * @see ITU-T X.690 §10.1
 */
export function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  return Buffer.concat([Uint8Array.of(tag, ...lengthOctets(length)), ...parts])
}

function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  return [0x80 | octets.length, ...octets]
}

/** SEQUENCE of the parts. */
export const sequence = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts)

/** SET OF the parts, in the order DER asks for. @see ITU-T X.690 §11.6 */
export const setOf = (...parts: readonly Uint8Array[]): Uint8Array => der(0x31, ...parts.toSorted(Buffer.compare))

/** `[n]` around a whole element (explicit tagging). */
export const explicit = (n: number, part: Uint8Array): Uint8Array => der(0xa0 | n, part)

export const octetString = (bytes: Uint8Array): Uint8Array => der(0x04, bytes)

/** BIT STRING of whole bytes. */
export const bitString = (bytes: Uint8Array): Uint8Array => der(0x03, Uint8Array.of(0), bytes)

/** Non-negative INTEGER below 2^31. */
export function smallInteger(value: number): Uint8Array {
  const octets: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 256)) octets.unshift(rest % 256)
  const [first] = octets
  // A leading bit of one would read as a negative number.
  if (first === undefined || first > 0x7f) octets.unshift(0)
  return der(0x02, Uint8Array.from(octets))
}

/** OBJECT IDENTIFIER from its dotted form. @see ITU-T X.690 §8.19 */
export function objectId(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number)
  return der(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(arcOctets)))
}

function arcOctets(arc: number): number[] {
  const octets = [arc % 128]
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) octets.unshift(0x80 | (rest % 128))
  return octets
}

/** BMPString: UTF-16, big endian. */
export const bmpString = (text: string): Uint8Array => der(0x1e, Buffer.from(text, 'utf16le').swap16())

export const utf8String = (text: string): Uint8Array => der(0x0c, Buffer.from(text, 'utf8'))

/** A moment to the second: UTCTime up to 2049, GeneralizedTime after. @see RFC 5280 §4.1.2.5 */
export function time(epochMs: number): Uint8Array {
  const digits = new Date(epochMs).toISOString().replaceAll(/[-:T]/g, '').slice(0, 14)
  return Number(digits.slice(0, 4)) < 2050
    ? der(0x17, Buffer.from(`${digits.slice(2)}Z`))
    : der(0x18, Buffer.from(`${digits}Z`))
}
