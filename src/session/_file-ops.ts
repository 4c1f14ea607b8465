import { mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'

/** A file that is written from where it stands on. */
export type OpenedFile = {
  /** Writes all bytes, or throws having written some. */
  write(bytes: Uint8Array): Promise<void>
  sync(): Promise<void>
  close(): Promise<void>
}

/** All that changes the disk, so that a test can let it fail or end at any step. */
export type FileOps = {
  /** `new`: it must not be there; `extend`: writes at its end; `empty`: what was in it is gone. */
  open(path: string, how: 'new' | 'extend' | 'empty'): Promise<OpenedFile>
  rename(from: string, to: string): Promise<void>
  /** With all that is in it; nothing where nothing is. */
  remove(path: string): Promise<void>
  /** Makes names in a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Makes a folder and those above it, for its owner alone. */
  makeFolder(path: string): Promise<void>
}

const flags = { new: 'wx', extend: 'a', empty: 'w' } as const

async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return // a folder cannot be opened there; renames are journaled
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** The real ones: files 0600, folders 0700. */
export const realFiles: FileOps = {
  async open(path, how) {
    const handle = await open(path, flags[how], 0o600)
    return {
      async write(bytes) {
        for (let written = 0; written < bytes.length; ) {
          const part = await handle.write(bytes, written, bytes.length - written, null)
          written += part.bytesWritten
        }
      },
      sync: () => handle.datasync(),
      close: () => handle.close(),
    }
  },
  rename: (from, to) => rename(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),
  syncFolder,
  async makeFolder(path) {
    const first = await mkdir(path, { recursive: true, mode: 0o700 })
    if (first === undefined) return
    for (let made = resolve(path); made.length >= first.length; made = dirname(made)) await syncFolder(dirname(made))
  },
}
