import { constants } from 'node:fs'
import { lstat, mkdir, open, realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from './_file-failure.ts'
import { FileNotFoundError } from './errors.ts'
import { refused } from './paths.ts'

/** A folder that is held while something is done in it. */
export type Folder = {
  /** How a name in it is reached. */
  at(name: string): string
  /** Puts the names in it on the disk. */
  sync(): Promise<void>
  /** @throws PermissionDeniedError when what `at` gave may have led elsewhere */
  verify(): Promise<void>
  close(): Promise<void>
}

/** How a folder is held: by its descriptor, or where the system has no paths for those, by comparing real paths. */
export type Hold = 'descriptor' | 'path'

export const holdHere: Hold = process.platform === 'linux' ? 'descriptor' : 'path'

// Windows has neither flag.
const folderFlags = constants.O_RDONLY | (constants.O_DIRECTORY ?? 0) | (constants.O_NOFOLLOW ?? 0)

/**
 * Goes from a root to a folder in it, name by name, over no link. The root is made where it is missing, with mode 0700,
 * and so is the rest when `make` says so.
 * @throws PermissionDeniedError for a link, FileNotFoundError
 */
export async function openFolder(
  root: string,
  names: readonly string[],
  { hold, make = false }: { readonly hold: Hold; readonly make?: boolean },
): Promise<Folder> {
  await mkdir(root, { recursive: true, mode: 0o700 })
  const hop = hold === 'descriptor' ? holdDescriptor : holdPath
  await assertFolder(root, '')
  // Only what leads to the root may be a link: on some systems the folder for temporary files is one.
  let folder = await hop(hold === 'path' ? await realpath(root) : root)
  try {
    for (const [index, name] of names.entries()) {
      const path = folder.at(name)
      if (make) await makeFolder(path, folder)
      await assertFolder(path, names.slice(0, index + 1).join('/'))
      const next = await hop(path)
      await folder.close()
      folder = next
    }
    return folder
  } catch (error) {
    await folder.close()
    throw error
  }
}

async function makeFolder(path: string, parent: Folder): Promise<void> {
  try {
    await mkdir(path, 0o700)
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return
    throw error
  }
  await parent.sync()
}

async function assertFolder(path: string, shown: string): Promise<void> {
  const stats = await lstat(path)
  if (stats.isSymbolicLink()) throw refused('The path goes over a link.')
  if (!stats.isDirectory()) throw new FileNotFoundError(shown)
}

/**
 * Linux shows each open descriptor of a process as a path. What is reached through it lies in the folder that was opened,
 * also when its name now means another one. @see proc(5), /proc/pid/fd
 */
async function holdDescriptor(path: string): Promise<Folder> {
  const handle = await open(path, folderFlags).catch((error: unknown) => {
    // Looked at a moment ago, it was a folder.
    if (['ELOOP', 'ENOTDIR'].includes(systemCode(error))) throw refused('The path goes over a link.')
    throw error
  })
  return {
    at: (name) => `/proc/self/fd/${handle.fd}/${name}`,
    sync: () => handle.sync(),
    verify: async () => {},
    close: () => handle.close(),
  }
}

/** Elsewhere a swap is seen afterwards: whoever is quick enough to swap twice is not. */
async function holdPath(path: string): Promise<Folder> {
  const verify = async () => {
    const now = await realpath(path).catch(() => undefined)
    if (now !== path) throw refused('The path goes over a link.')
  }
  await verify()
  return {
    at: (name) => join(path, name),
    sync: async () => {
      if (process.platform === 'win32') return // cannot open a folder, and needs no such call
      const handle = await open(path, folderFlags)
      await handle.sync().finally(() => handle.close())
    },
    verify,
    close: async () => {},
  }
}
