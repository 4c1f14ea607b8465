import { access, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { NewId } from '../core/clock.ts'
import { decodeJson } from '../core/decode-json.ts'
import { TooLargeError } from '../sandbox/errors.ts'
import type { FileOps } from './_file-ops.ts'
import { isMissing, orMissing, writeNewFile } from './_hashed-file.ts'
import { ArtifactRef } from './artifact.ts'

/** What is known of a file beside its path. */
const Stored = ArtifactRef.omit({ path: true, name: true })
export type Stored = z.output<typeof Stored>

/** Of a file that is still being written, or whose writer died. */
const Opened = Stored.omit({ bytes: true, checksum: true })
export type Opened = z.output<typeof Opened>

/**
 * What stands in a ref file. It is written before its file takes its name, in one step with which the save is done:
 * `unfinished` is what the file is called until then, and as long as something is called so, `previous` still holds.
 */
const RefFile = z.union([
  z.object({ schema: z.literal(1), ref: Stored, previous: Stored.nullable(), unfinished: z.string().nullable() }),
  z.object({ schema: z.literal(1), open: Opened }),
])
export type RefFile = z.output<typeof RefFile>

/** What the disk says about one name. */
export type Standing =
  | { readonly kind: 'none' }
  | { readonly kind: 'whole'; readonly ref: Stored }
  | { readonly kind: 'open'; readonly open: Opened }
  | { readonly kind: 'unreadable'; readonly cause: unknown }

const maxBytes = 64 * 1024

/** Where the refs of a folder are. */
export const refFolder = (folder: string): string => join(folder, '.refs')
const refPath = (folder: string, segment: string): string => join(refFolder(folder), `${segment}.json`)

/** The name of a file that is not whole yet. What begins with a dot is nobody's artifact. */
export const unfinishedName = (segment: string, newId: NewId): string => `.${segment}.${newId()}.tmp`
export const isUnfinished = (name: string): boolean => name.startsWith('.') && name.endsWith('.tmp')

/** The segment of a ref file by its name; undefined for another file. */
export const segmentOfRef = (name: string): string | undefined =>
  name.startsWith('.') || !name.endsWith('.json') ? undefined : name.slice(0, -'.json'.length)

/** Undefined where there is none. @throws InvalidJsonError, ZodError for one that cannot be read */
export async function readRefFile(folder: string, segment: string): Promise<RefFile | undefined> {
  const bytes = await orMissing(readFile(refPath(folder, segment)))
  return bytes === undefined ? undefined : RefFile.parse(decodeJson(bytes))
}

/** Never throws: what cannot be read is said to be so. */
export async function readStanding(folder: string, segment: string): Promise<Standing> {
  try {
    const file = await readRefFile(folder, segment)
    if (file === undefined) return { kind: 'none' }
    if ('open' in file) return { kind: 'open', open: file.open }
    const ref = file.unfinished !== null && (await isThere(join(folder, file.unfinished))) ? file.previous : file.ref
    return ref === null ? { kind: 'none' } : { kind: 'whole', ref }
  } catch (cause) {
    return { kind: 'unreadable', cause }
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await access(path)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

/** @throws TooLargeError, InvalidJsonError for a meta that could not be read again; errors of the disk */
export async function writeRefFile(
  { files, newId }: { readonly files: FileOps; readonly newId: NewId },
  folder: string,
  segment: string,
  content: RefFile,
): Promise<void> {
  const bytes = Buffer.from(`${JSON.stringify(content)}\n`)
  if (bytes.length > maxBytes) throw new TooLargeError('What is said about an artifact', maxBytes)
  decodeJson(bytes)
  const unfinished = join(refFolder(folder), unfinishedName(segment, newId))
  try {
    await writeNewFile(files, unfinished, bytes)
    await files.rename(unfinished, refPath(folder, segment))
  } catch (error) {
    await files.remove(unfinished).catch(() => undefined) // the sweep takes away what stays
    throw error
  }
  await files.syncFolder(refFolder(folder))
}

export const removeRefFile = (files: FileOps, folder: string, segment: string): Promise<void> =>
  files.remove(refPath(folder, segment))
