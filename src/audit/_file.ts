import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** The file under an audit log. */
export type AuditFile = {
  /** Adds bytes at the end, or throws having added some. */
  append(bytes: Uint8Array): Promise<void>
  /** Returns once everything added is on the disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** A file as it was found: its length, and its last bytes. */
export type OpenedFile = { readonly file: AuditFile; readonly length: number; readonly end: Uint8Array }

export type OpenAuditFile = (path: string, endBytes: number) => Promise<OpenedFile>

// Whatever else goes wrong, what stands in the file is never written over.
const openFlags = constants.O_RDWR | constants.O_CREAT | constants.O_APPEND

/** The real one: for its owner's eyes only. `endBytes` bounds how much of its end is read. */
export const openAuditFile: OpenAuditFile = async (path, endBytes) => {
  const handle = await open(path, openFlags, 0o600)
  try {
    await handle.chmod(0o600)
    const { size } = await handle.stat()
    const end = new Uint8Array(Math.min(size, endBytes))
    const { bytesRead } = await handle.read(end, 0, end.length, size - end.length)
    const file: AuditFile = {
      async append(bytes) {
        for (let written = 0; written < bytes.length; )
          written += (await handle.write(bytes, written, bytes.length - written)).bytesWritten
      },
      sync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      close: () => handle.close(),
    }
    return { file, length: size, end: end.subarray(0, bytesRead) }
  } catch (error) {
    await handle.close()
    throw error
  }
}
