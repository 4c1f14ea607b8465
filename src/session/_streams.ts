import { join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import { openLineWriter } from './_artifact-stream.ts'
import { cutTornLine, hashFile, orMissing } from './_hashed-file.ts'
import type { Opened, Standing, Stored } from './_ref-file.ts'
import { readStanding, refFolder, writeRefFile } from './_ref-file.ts'
import type { ShelfDeps } from './_shelf.ts'
import type { ArtifactType } from './artifact.ts'
import { CheckpointCorruptError } from './errors.ts'

/** A file that is open: its lines, and what seals it. */
export type OpenFile = {
  append(line: string): Promise<void>
  /** Writes what is left and says what the file holds. @throws errors of the disk */
  seal(): Promise<Stored>
}

/**
 * Opens a file for lines. It says of itself that it is open before it has the first of them; one that was sealed, or
 * whose writer died, is gone on with behind its last whole line.
 * @throws CheckpointCorruptError for one that is not as it was sealed; errors of the disk
 */
export async function openFile(
  deps: ShelfDeps & { readonly clock: Pick<Clock, 'nowMs'> },
  folder: string,
  segment: string,
  { type, meta }: { readonly type: ArtifactType; readonly meta: JsonObject },
): Promise<OpenFile> {
  await deps.files.makeFolder(refFolder(folder))
  const path = join(folder, segment)
  const before = await readStanding(folder, segment)
  if (before.kind === 'open') await orMissing(cutTornLine(path))
  // What nobody knows of is what a deletion left: it is not gone on with.
  const held = before.kind === 'none' ? undefined : await hashFile(path, { keep: false })
  assertAsSealed(path, before, held?.checksum)
  const createdAt = createdAtOf(before) ?? new Date(deps.clock.nowMs()).toISOString()
  const open: Opened = { type, createdAt, meta }
  await writeRefFile(deps, folder, segment, { schema: 1, open })
  const writer = await openLineWriter(deps.files, { path, held })
  try {
    await deps.files.syncFolder(folder)
  } catch (error) {
    await writer.close().catch(() => undefined) // only so that it does not stay open
    throw error
  }
  return {
    append: (line) => writer.append(line),
    async seal() {
      const ref = { ...open, ...(await writer.close()) }
      await writeRefFile(deps, folder, segment, { schema: 1, ref, previous: null, unfinished: null })
      return ref
    },
  }
}

function assertAsSealed(path: string, before: Standing, checksum: string | undefined): void {
  if (before.kind === 'unreadable') throw new CheckpointCorruptError(path, before.cause)
  if (before.kind === 'whole' && before.ref.checksum !== checksum) throw new CheckpointCorruptError(path)
}

function createdAtOf(standing: Standing): string | undefined {
  if (standing.kind === 'open') return standing.open.createdAt
  return standing.kind === 'whole' ? standing.ref.createdAt : undefined
}
