import { z } from 'zod'
import { defineTool } from './tool.ts'

/** Bytes that one call gives unless told, and at most. */
const maxBytes = 2 * 1024 * 1024

/** `fs.read`: a part of a file in the agent's folder, as text where it is text. */
export const fsRead = defineTool({
  name: 'fs.read',
  aliases: ['FS.Read', 'filesystem.read_file'],
  summary: 'Read a file in your folder. Go on at offset + bytes while truncated is true.',
  effect: 'read',
  origin: 'base',
  // A byte takes six characters of JSON at most.
  sandbox: { root: 'agent', maxBytes: 7 * maxBytes },
  input: z.object({
    path: z.string().max(4_096).describe('Relative to your folder, with /.'),
    offset: z.int().min(0).default(0).describe('Bytes to skip.'),
    limit: z.int().min(1).max(maxBytes).default(maxBytes).describe('Bytes to read.'),
  }),
  output: z.object({
    path: z.string(),
    content: z.string(),
    bytes: z.int(),
    totalBytes: z.int(),
    truncated: z.boolean(),
    encoding: z.enum(['utf8', 'base64']),
  }),
  async run({ path, offset, limit }, { sandbox }) {
    const { bytes, totalBytes, isCut } = await sandbox.files.read(path, { offset, maxBytes: limit })
    const shown = isCut ? withoutHalfCharacter(bytes) : bytes
    const read = { path, bytes: shown.length, totalBytes, truncated: isCut }
    const text = textOf(shown)
    if (text !== undefined) return { result: { ...read, content: text, encoding: 'utf8' as const } }
    const content = Buffer.from(bytes).toString('base64')
    return { result: { ...read, bytes: bytes.length, content, encoding: 'base64' as const } }
  },
})

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined
  }
}

/** A character that the cut parts is read by the next call. Where nothing else was read, the bytes stay: a call gives some. */
function withoutHalfCharacter(bytes: Uint8Array): Uint8Array {
  for (let back = 1; back <= Math.min(3, bytes.length - 1); back++) {
    const byte = bytes[bytes.length - back] ?? 0
    if (byte < 0x80) return bytes
    if (byte >= 0xc0) return lengthBy(byte) > back ? bytes.subarray(0, bytes.length - back) : bytes
  }
  return bytes
}

/** Of a character, by its first byte. @see RFC 3629 §3 */
const lengthBy = (first: number): number => (first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2)
