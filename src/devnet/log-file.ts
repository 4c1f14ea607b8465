import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/** A file that is written at its end and forced to disk. */
export type LogFile = {
  /** Writes all bytes at a place, or throws having written some. */
  write(bytes: Uint8Array, position: number): Promise<void>
  /** Returns once everything written is on the disk. */
  sync(): Promise<void>
  truncate(length: number): Promise<void>
  close(): Promise<void>
}

/** Opens or creates a file for writing. */
export type OpenLogFile = (path: string) => Promise<LogFile>

// Created when absent, never cut on opening: what is in it was promised.
const openFlags = constants.O_RDWR | constants.O_CREAT

/** The real one: readable by its owner only; `sync` is fdatasync, which also makes a new length durable. */
export const openLogFile: OpenLogFile = async (path) => {
  const handle = await open(path, openFlags, 0o600)
  return {
    async write(bytes, position) {
      for (let written = 0; written < bytes.length; ) {
        const part = await handle.write(bytes, written, bytes.length - written, position + written)
        written += part.bytesWritten
      }
    },
    sync: () => handle.datasync(),
    truncate: (length) => handle.truncate(length),
    close: () => handle.close(),
  }
}

/** Makes the names in a directory durable: a file that was created or renamed is there after a power cut. */
export async function syncDirectory(path: string): Promise<void> {
  if (process.platform === 'win32') return // a directory cannot be opened there; renames are journaled
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
