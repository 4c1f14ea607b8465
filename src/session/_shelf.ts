import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { NewId } from '../core/clock.ts'
import type { FileOps } from './_file-ops.ts'
import type { FileHash } from './_hashed-file.ts'
import { hashFile, orMissing, writeNewFile } from './_hashed-file.ts'
import type { Standing, Stored } from './_ref-file.ts'
import {
  isUnfinished,
  readRefFile,
  readStanding,
  refFolder,
  removeRefFile,
  segmentOfRef,
  unfinishedName,
  writeRefFile,
} from './_ref-file.ts'
import type { ArtifactFault } from './artifact.ts'

/** How the files of one place lie in their folder. Whoever changes something there is alone in it. */
export type ShelfDeps = { readonly files: FileOps; readonly newId: NewId }

/** What a name stands for, compared with what its file holds. */
export type Compared =
  | { readonly fault: undefined; readonly standing: Standing; readonly found: FileHash | undefined }
  | { readonly fault: ArtifactFault['fault']; readonly cause?: unknown }

/** Readers come while others write: so often a difference is looked at again. */
const maxLooks = 5

/**
 * Puts a file in its place so that at any moment, whatever ends the process, the old one or the new one is there whole
 * and what is said about it is true: the file under another name, then its ref with the old one in it, then the rename.
 * @throws errors of the disk; the old one stays then
 */
export async function saveFile(
  { files, newId }: ShelfDeps,
  folder: string,
  segment: string,
  { bytes, about }: { readonly bytes: Uint8Array; readonly about: Omit<Stored, 'bytes' | 'checksum'> },
): Promise<Stored> {
  await files.makeFolder(refFolder(folder))
  const before = await readStanding(folder, segment)
  const unfinished = unfinishedName(segment, newId)
  try {
    const checksum = await writeNewFile(files, join(folder, unfinished), bytes)
    await files.syncFolder(folder)
    const ref = { ...about, bytes: bytes.length, checksum }
    const previous = before.kind === 'whole' ? before.ref : null
    await writeRefFile({ files, newId }, folder, segment, { schema: 1, ref, previous, unfinished })
    await files.rename(join(folder, unfinished), join(folder, segment))
    await files.syncFolder(folder)
    return ref
  } catch (error) {
    await rollBack({ files, newId }, folder, unfinished).catch(() => undefined) // the sweep tries again
    throw error
  }
}

/** Takes away a file that did not get its name, and what its ref says of it before, so that none is without the other. */
export async function rollBack(deps: ShelfDeps, folder: string, unfinished: string): Promise<void> {
  const segment = unfinished.slice(1).replace(/\.[^.]+\.tmp$/, '')
  const standing = await readStanding(folder, segment)
  const file = standing.kind === 'unreadable' ? undefined : await readRefFile(folder, segment)
  const names = await listNames(folder)
  if (file !== undefined && 'ref' in file && file.unfinished === unfinished && names.includes(unfinished)) {
    const before = { schema: 1, previous: null, unfinished: null } as const
    if (file.previous === null) await removeRefFile(deps.files, folder, segment)
    else await writeRefFile(deps, folder, segment, { ...before, ref: file.previous })
    await deps.files.syncFolder(refFolder(folder))
  }
  await deps.files.remove(join(folder, unfinished))
}

/** Compares what is said about a name with what is there. Another process may be writing it meanwhile. */
export async function compareFile(
  folder: string,
  segment: string,
  options: { readonly keep: boolean },
): Promise<Compared> {
  let standing = await readStanding(folder, segment)
  for (let look = 0; ; look++) {
    if (standing.kind === 'unreadable') return { fault: 'unreadable', cause: standing.cause }
    const read = await tryHash(join(folder, segment), options)
    if ('cause' in read) return { fault: 'unreadable', cause: read.cause }
    const { found } = read
    if (standing.kind !== 'whole') return { fault: undefined, standing, found }
    if (found?.bytes === standing.ref.bytes && found.checksum === standing.ref.checksum)
      return { fault: undefined, standing, found }
    const next = await readStanding(folder, segment)
    if (look >= maxLooks || isSame(standing, next)) return { fault: found === undefined ? 'missing' : 'altered' }
    standing = next
  }
}

async function tryHash(path: string, options: { readonly keep: boolean }) {
  try {
    return { found: await hashFile(path, options) }
  } catch (cause) {
    return { cause }
  }
}

const isSame = (left: Standing, right: Standing): boolean => JSON.stringify(left) === JSON.stringify(right)

/** Names of all that lies in a folder; none where there is no folder. */
export const listNames = async (folder: string): Promise<readonly string[]> => (await orMissing(readdir(folder))) ?? []

/** What refs a folder has, in order. */
export async function listSegments(folder: string): Promise<readonly string[]> {
  const names = await listNames(refFolder(folder))
  return names.flatMap((name) => segmentOfRef(name) ?? []).toSorted()
}

/** What files a folder has that are artifacts or look like ones, in order. */
export async function listFiles(folder: string): Promise<readonly string[]> {
  const names = await listNames(folder)
  return names.filter((name) => !name.startsWith('.')).toSorted()
}

/** What was left in a folder of writes that never ended, by its path below it. */
export async function listUnfinished(folder: string): Promise<readonly string[]> {
  const own = (await listNames(folder)).filter(isUnfinished)
  const refs = (await listNames(refFolder(folder))).filter(isUnfinished)
  return [...own, ...refs.map((name) => join('.refs', name))]
}

/** Forgets a file first and removes it then: what is forgotten is not there any more, whatever comes in between. */
export async function removeFile({ files }: ShelfDeps, folder: string, segment: string): Promise<void> {
  await removeRefFile(files, folder, segment)
  await files.remove(join(folder, segment))
}
