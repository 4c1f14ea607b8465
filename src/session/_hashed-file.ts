import type { Hash } from 'node:crypto'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileOps } from './_file-ops.ts'

/** What a file holds. */
export type FileHash = {
  readonly bytes: number
  readonly checksum: string
  /** To go on with, by a copy of it. */
  readonly hash: Hash
  /** Empty where it was not asked for. */
  readonly content: Buffer
}

/** Small enough that other work goes on between two of them. */
const chunkBytes = 1024 * 1024
const newline = 0x0a

/** Is it the error of a file system that says that there is no such file? */
export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')

/** Of what is there, the value; undefined where there is nothing. */
export async function orMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

/** Reads a file once; undefined where there is none. */
export const hashFile = (path: string, { keep }: { readonly keep: boolean }): Promise<FileHash | undefined> =>
  orMissing(readHashed(path, keep))

async function readHashed(path: string, keep: boolean): Promise<FileHash> {
  const hash = createHash('sha256')
  const kept: Buffer[] = []
  let bytes = 0
  const chunks: AsyncIterable<Buffer> = createReadStream(path, { highWaterMark: chunkBytes })
  for await (const chunk of chunks) {
    hash.update(chunk)
    bytes += chunk.length
    if (keep) kept.push(chunk)
  }
  return { bytes, checksum: hash.copy().digest('hex'), hash, content: Buffer.concat(kept) }
}

/** Writes a new file whole, synced. @returns its checksum; a file that could not be written whole is left for the caller to remove */
export async function writeNewFile(files: FileOps, path: string, bytes: Uint8Array): Promise<string> {
  const hash = createHash('sha256')
  const file = await files.open(path, 'new')
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes) {
      const chunk = bytes.subarray(at, at + chunkBytes)
      hash.update(chunk)
      await file.write(chunk)
    }
    await file.sync()
  } finally {
    await file.close()
  }
  return hash.digest('hex')
}

/** Cuts off what stands behind the last line break: a line that was being written when its process died. */
export async function cutTornLine(path: string): Promise<void> {
  const handle = await open(path, 'r+')
  try {
    const { size } = await handle.stat()
    const block = Buffer.alloc(64 * 1024)
    for (let end = size; ; ) {
      const start = Math.max(0, end - block.length)
      const { bytesRead } = await handle.read(block, 0, end - start, start)
      const at = block.subarray(0, bytesRead).lastIndexOf(newline)
      if (at >= 0 || start === 0) return await handle.truncate(start + at + 1)
      end = start
    }
  } finally {
    await handle.close()
  }
}
