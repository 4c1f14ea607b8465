import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { hashBytes } from '../signing/digest.ts'

const checksumLength = 16

/** One object as one line: 16 hex digits of the SHA-256 of its JSON, a blank, the JSON, a line feed. */
export function encodeCheckedLine(value: JsonObject): string {
  const json = JSON.stringify(value)
  return `${checksum(Buffer.from(json, 'utf8'))} ${json}\n`
}

/** The object of a line (without its line feed), or undefined where a byte is not as it was written. */
export function decodeCheckedLine(line: Uint8Array): JsonObject | undefined {
  const bytes = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
  const json = bytes.subarray(checksumLength + 1)
  if (bytes.toString('latin1', 0, checksumLength + 1) !== `${checksum(json)} `) return undefined
  // Our own text, whose checksum holds: the plain parser will do.
  const value: JsonValue = JSON.parse(json.toString('utf8'))
  return isJsonObject(value) ? value : undefined
}

const checksum = (json: Uint8Array): string => hashBytes(json).slice(0, checksumLength)
