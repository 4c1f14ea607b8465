import { z } from 'zod'
import { ArgumentFaultError } from './_faults.ts'
import { defineTool } from './tool.ts'

/** Characters of one call. */
const maxContent = 2 * 1024 * 1024

/** `fs.write`: a file in the agent's folder, whole or not at all; what stood there is kept beside it. */
export const fsWrite = defineTool({
  name: 'fs.write',
  aliases: ['FS.Write', 'filesystem.write_file'],
  summary: 'Write a whole file in your folder. What stood there is kept under the path in backup.',
  effect: 'write',
  origin: 'base',
  // A character takes six of JSON at most.
  sandbox: { root: 'agent', maxBytes: 7 * maxContent },
  input: z.object({
    path: z.string().max(4_096).describe('Relative to your folder, with /; folders are made.'),
    content: z.string().max(maxContent),
    encoding: z.enum(['utf8', 'base64']).default('utf8').describe('How content is to be read.'),
  }),
  output: z.object({ path: z.string(), bytes: z.int(), backup: z.string().nullable() }),
  async run({ path, content, encoding }, { sandbox }) {
    const { bytes, backup } = await sandbox.files.write(path, decode(content, encoding))
    return { result: { path, bytes, backup } }
  },
})

/** @throws ArgumentFaultError rather than to store something else than was meant */
function decode(content: string, encoding: 'utf8' | 'base64'): Uint8Array {
  if (encoding === 'utf8' && !content.isWellFormed()) throw new ArgumentFaultError('content', 'is not Unicode.')
  const bytes = Buffer.from(content, encoding)
  if (encoding === 'base64' && bytes.toString('base64').replace(/=+$/, '') !== content.replace(/=+$/, ''))
    throw new ArgumentFaultError('content', 'is not base64.', { hint: 'Send base64 of RFC 4648 §4, without blanks.' })
  return bytes
}
