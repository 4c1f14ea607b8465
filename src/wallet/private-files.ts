import type { Stats } from 'node:fs'
import { constants } from 'node:fs'
import { link, lstat, mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import process from 'node:process'
import { WalletFileError } from './errors.ts'

/**
 * The bytes of a file that holds a secret: regular, of this process's user or root, at most `maxBytes`, and without any
 * permission for group or others. One exception: the group may read what belongs to root, which is how a secret
 * mounted into a container reaches a process that is not root. Windows has no such modes, so there only kind and
 * size count.
 * @throws WalletFileError naming the file and the rule
 */
export async function readPrivateFile(
  path: string,
  { maxBytes, followLink = false }: { readonly maxBytes: number; readonly followLink?: boolean },
): Promise<Buffer> {
  return await readChecked(
    path,
    followLink,
    (stats) => brokenSizeRule(stats, maxBytes) ?? brokenAccessRule(stats, process.getuid?.()),
  )
}

/** The bytes of a regular file of at most `maxBytes` that somebody else keeps. @throws WalletFileError */
export async function readForeignFile(path: string, maxBytes: number): Promise<Buffer> {
  return await readChecked(path, true, (stats) => brokenSizeRule(stats, maxBytes))
}

type Rule = 'not_regular' | 'owner' | 'mode' | 'size'

async function readChecked(
  path: string,
  followLink: boolean,
  brokenRule: (stats: Stats) => Rule | undefined,
): Promise<Buffer> {
  const file = basename(path)
  // Opened first and looked at through the handle, so that nobody can swap the file in between. Without O_NONBLOCK a
  // named pipe would hold the start for ever.
  const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (followLink ? 0 : (constants.O_NOFOLLOW ?? 0))
  const handle = await naming(file, () => open(path, flags))
  try {
    const broken = brokenRule(await handle.stat())
    if (broken !== undefined) throw new WalletFileError(file, broken)
    return await naming(file, () => handle.readFile())
  } finally {
    await handle.close()
  }
}

function brokenSizeRule(stats: Stats, maxBytes: number): Rule | undefined {
  if (!stats.isFile()) return 'not_regular'
  return stats.size > maxBytes ? 'size' : undefined
}

/**
 * The rule that owner or permissions of a secret's file break for a process of the user `ownUid`; undefined for none.
 * @see ssh-keygen(1) and sshd(8), which ask the same of private keys
 */
export function brokenAccessRule(
  { uid, mode }: { readonly uid: number; readonly mode: number },
  ownUid: number | undefined,
): 'owner' | 'mode' | undefined {
  if (ownUid === undefined) return undefined
  if (uid !== ownUid && uid !== 0) return 'owner'
  const forbidden = uid === ownUid ? 0o077 : 0o037
  return (mode & forbidden) === 0 ? undefined : 'mode'
}

/** Does the name stand for anything: a file, a folder, a link that leads nowhere? */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(() => undefined)) !== undefined
}

/** What a folder that is being filled is called, before the six random characters. */
export const stagingPrefix = '.new-'

/**
 * Makes files with mode 0600 in a folder (made with 0700 where it is missing), in the order given. Each one appears
 * under its name whole and on disk, or not at all, and never replaces another: it is written in a folder of its own and
 * then linked, since a rename would overwrite. Where only some got their names, that folder stays with the rest.
 * @throws WalletFileError, with the reason `exists` for the first name that is taken
 */
export async function createPrivateFiles(
  dir: string,
  files: readonly { readonly name: string; readonly bytes: Uint8Array }[],
): Promise<void> {
  await naming(basename(dir), () => mkdir(dir, { recursive: true, mode: 0o700 }), folderReasons)
  const staging = await naming(basename(dir), () => mkdtemp(join(dir, stagingPrefix)))
  let named = 0
  try {
    for (const { name, bytes } of files) await writeNew(join(staging, name), bytes)
    await syncFolder(staging)
    for (const { name } of files) {
      await linkPrivateFile(join(staging, name), join(dir, name))
      named++
    }
    await syncFolder(dir)
  } finally {
    if (named === 0 || named === files.length) await rm(staging, { recursive: true, force: true })
  }
}

/** Gives a file a second name. @throws WalletFileError `exists` when the name is taken */
export async function linkPrivateFile(from: string, to: string): Promise<void> {
  await naming(basename(to), () => link(from, to))
}

async function writeNew(path: string, bytes: Uint8Array): Promise<void> {
  const handle = await naming(basename(path), () => open(path, 'wx', 0o600))
  try {
    await naming(basename(path), () => handle.writeFile(bytes))
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Puts the names themselves on disk. Windows cannot open a folder, and needs no such call. */
export async function syncFolder(dir: string): Promise<void> {
  if (process.getuid === undefined) return
  const handle = await naming(basename(dir), () => open(dir, 'r'))
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

type Reasons = Readonly<Record<string, 'missing' | 'exists' | 'link'>>
const fileReasons: Reasons = { ENOENT: 'missing', EEXIST: 'exists', ELOOP: 'link' }
/** A file where the folder should be is no race with another process. */
const folderReasons: Reasons = {}

/** Runs a file operation; its failure names the file without its path. */
async function naming<T>(file: string, work: () => Promise<T>, reasons = fileReasons): Promise<T> {
  try {
    return await work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    throw new WalletFileError(file, reasons[code] ?? 'refused')
  }
}

/** Waits for files to be made; that another process made them first is as good. @throws WalletFileError for the rest */
export async function orExisting(making: Promise<void>): Promise<void> {
  try {
    await making
  } catch (error) {
    if (!(error instanceof WalletFileError) || error.details['reason'] !== 'exists') throw error
  }
}
