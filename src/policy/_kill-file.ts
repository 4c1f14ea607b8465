import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'

/** What stands at the path: undefined for nothing. */
export type FoundFile = { readonly sinceMs: number; readonly reason: string | null }

const maxReasonBytes = 1_000

/**
 * Anything at the path counts, a link that leads nowhere included. The words in a plain file are the reason.
 * @throws where nobody can say whether something is there
 */
export async function findKillFile(path: string): Promise<FoundFile | undefined> {
  try {
    const found = await lstat(path)
    return { sinceMs: found.ctimeMs, reason: found.isFile() ? await readReason(path) : null }
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
      return undefined
    throw error
  }
}

/** Null for a file that cannot be read: it is there all the same. */
async function readReason(path: string): Promise<string | null> {
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const bytes = new Uint8Array(maxReasonBytes)
    const { bytesRead } = await handle.read(bytes, 0, maxReasonBytes, 0)
    return toReason(Buffer.from(bytes.subarray(0, bytesRead)).toString('utf8'))
  } catch {
    return null
  }
}

/**
 * A reason as it is shown in terminals and logs: one line of at most 500 characters; null where nothing is left.
 * @see Unicode 17 §4.5, general categories C (other), Zl and Zp
 */
export function toReason(text: string | undefined): string | null {
  const line = (text ?? '').replaceAll(/[\s\p{C}\p{Zl}\p{Zp}]+/gu, ' ').trim()
  return line === '' ? null : [...line].slice(0, 500).join('')
}
