import { constants } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Sink } from './sink.ts'

export type JsonlSinkOptions = {
  /** The file; its folder is made when it is first written. Older files are `<path>.1` (the newest of them), `.2`, … */
  readonly path: string
  /** A file that would grow beyond it is put aside; 16 MiB unless told. */
  readonly maxBytes?: number
  /** How many older files stay (≥ 0); 5 unless told. */
  readonly keep?: number
}

/**
 * One line of JSON for each event, appended to a file that its owner alone may read. A disk that takes nothing costs the
 * events of that batch; the next one opens the file again.
 */
export function createJsonlSink({ path, maxBytes = 16 * 1024 * 1024, keep = 5 }: JsonlSinkOptions): Sink {
  let lines: string[] = []
  let file: OpenFile | undefined
  let writing: Promise<void> | undefined

  const letGo = async () => {
    const { handle } = file ?? {}
    file = undefined
    await handle?.close()
  }
  const write = async (bytes: Uint8Array): Promise<void> => {
    try {
      file ??= await openEnd(path)
      if (file.bytes > 0 && file.bytes + bytes.length > maxBytes) {
        await letGo()
        await putAside(path, keep)
        file = await openEnd(path)
      }
      await append(file, bytes)
    } catch (error) {
      await letGo().catch(() => {}) // the first fault says more
      throw error
    }
  }
  return {
    name: 'jsonl',
    accept: (event) => void lines.push(`${JSON.stringify(event)}\n`),
    async flush() {
      const bytes = Buffer.from(lines.join(''))
      lines = []
      // A disk that hangs holds one batch; the others are given up.
      if (writing !== undefined) throw new Error('The file has not taken the events before these.')
      writing = write(bytes).finally(() => {
        writing = undefined
      })
      await writing
    },
    close: letGo,
  }
}

type OpenFile = { readonly handle: FileHandle; bytes: number }

const lineBreak = 0x0a

/** Opens the file for appending, after a whole line: an end that a crash or a full disk has torn gets its line break. */
async function openEnd(path: string): Promise<OpenFile> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const handle = await open(path, constants.O_RDWR | constants.O_CREAT | constants.O_APPEND, 0o600)
  try {
    await handle.chmod(0o600)
    const file = { handle, bytes: (await handle.stat()).size }
    const end = new Uint8Array(1)
    if (file.bytes > 0) await handle.read(end, 0, 1, file.bytes - 1)
    if (file.bytes > 0 && end[0] !== lineBreak) await append(file, Uint8Array.of(lineBreak))
    return file
  } catch (error) {
    await handle.close()
    throw error
  }
}

async function append(file: OpenFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.handle.write(bytes, written, bytes.length - written)
    written += bytesWritten
    file.bytes += bytesWritten
  }
}

/** `path` becomes `path.1`, what was that `path.2`, and so on; the oldest goes. */
async function putAside(path: string, keep: number): Promise<void> {
  const nameOf = (age: number) => (age === 0 ? path : `${path}.${age}`)
  await rm(nameOf(keep), { force: true })
  for (let age = keep - 1; age >= 0; age--)
    await rename(nameOf(age), nameOf(age + 1)).catch((error: unknown) => {
      if (!isMissing(error)) throw error
    })
}

const isMissing = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'ENOENT'
