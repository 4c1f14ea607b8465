import { createHash } from 'node:crypto'
import type { FileOps, OpenedFile } from './_file-ops.ts'
import type { FileHash } from './_hashed-file.ts'

/** The end of a file, written line by line. */
export type LineWriter = {
  /** Waits only where more than 8 MiB are unwritten; never throws. Behind a failure or the end lines are dropped. */
  append(line: string): Promise<void>
  /** @returns what the whole file holds. @throws the first error of the disk; the file is closed anyway */
  close(): Promise<{ readonly bytes: number; readonly checksum: string }>
}

export type LineWriterOptions = {
  readonly path: string
  /** What the file holds already; undefined: it is made anew. */
  readonly held: Pick<FileHash, 'bytes' | 'hash'> | undefined
}

const maxUnwritten = 8 * 1024 * 1024

/** Opens a file to go on in it. @throws errors of the disk */
export async function openLineWriter(files: FileOps, { path, held }: LineWriterOptions): Promise<LineWriter> {
  const file = await files.open(path, held === undefined ? 'empty' : 'extend')
  return createLineWriter(file, held ?? { bytes: 0, hash: createHash('sha256') })
}

function createLineWriter(file: OpenedFile, held: Pick<FileHash, 'bytes' | 'hash'>): LineWriter {
  const hash = held.hash.copy()
  let written = held.bytes
  let lines: Buffer[] = []
  let unwritten = 0
  let isClosed = false
  let failure: { readonly error: unknown } | undefined
  let running: Promise<void> | undefined

  const run = async () => {
    try {
      while (lines.length > 0) {
        const batch = Buffer.concat(lines)
        lines = []
        await file.write(batch)
        hash.update(batch)
        written += batch.length
        unwritten -= batch.length
      }
    } catch (error) {
      failure = { error }
    }
    // In the same turn as the look at the lines: whoever comes next starts it again.
    running = undefined
  }

  return {
    async append(line) {
      if (failure !== undefined || isClosed) return
      const bytes = Buffer.from(`${line}\n`)
      lines.push(bytes)
      unwritten += bytes.length
      running ??= run()
      if (unwritten > maxUnwritten) await running
    },
    async close() {
      isClosed = true
      await running
      try {
        if (failure === undefined) await file.sync()
      } finally {
        await file.close()
      }
      if (failure !== undefined) throw failure.error
      return { bytes: written, checksum: hash.digest('hex') }
    },
  }
}
