import type { FSWatcher } from 'node:fs'
import { watch } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'

/** Files by name, and what changes with each change of one. */
export type FolderState = ReadonlyMap<string, string>

/**
 * Regular files of a folder whose names fit; none where there is no folder.
 * @throws what the system says of a folder that cannot be read
 */
export async function readFolder(dir: string, pattern: RegExp): Promise<FolderState> {
  const names = await readdir(dir).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw error
  })
  const files = new Map<string, string>()
  for (const name of names.filter((one) => pattern.test(one)).sort()) {
    const facts = await stat(join(dir, name)).catch(() => undefined) // gone since
    if (facts?.isFile()) files.set(name, `${facts.ino}:${facts.size}:${facts.mtimeMs}`)
  }
  return files
}

type FolderWatch = {
  readonly dir: string
  readonly clock: Clock
  /** How often it is looked at where the system tells nothing, as of a folder that is not there yet. */
  readonly pollMs: number
  /** Called when something may have changed, one call after the other. Never rejects. */
  readonly onChange: () => Promise<void>
}

/** Why a poll is stopped, made once. */
const noNeed = new Error('Something changed before.')

/** An editor writes a file in several steps. */
const restMs = 50

/** @returns stops it, and waits for a call that runs */
export function watchFolder({ dir, clock, pollMs, onChange }: FolderWatch): () => Promise<void> {
  const closing = new AbortController()
  let changed = Promise.withResolvers<void>()
  let watcher: FSWatcher | undefined

  const open = (): void => {
    try {
      watcher ??= watch(dir, { persistent: false }, () => changed.resolve()).on('error', drop)
    } catch {
      // It is not there: the next look may find it.
    }
  }
  const drop = (): void => {
    watcher?.close()
    watcher = undefined
  }
  const loop = async (): Promise<void> => {
    for (;;) {
      open()
      const awake = new AbortController()
      const poll = clock.sleep(pollMs, AbortSignal.any([closing.signal, awake.signal]))
      await Promise.race([poll, changed.promise.then(() => clock.sleep(restMs, closing.signal))])
      awake.abort(noNeed)
      changed = Promise.withResolvers()
      await onChange()
    }
  }
  const ended = loop().catch(() => undefined) // by closing, which is all that rejects
  return async () => {
    closing.abort(new Error('The folder is not watched any more.'))
    drop()
    await ended
  }
}
