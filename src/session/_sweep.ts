import { rmdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Clock } from '../core/clock.ts'
import { orMissing } from './_hashed-file.ts'
import { readStanding } from './_ref-file.ts'
import type { ShelfDeps } from './_shelf.ts'
import { listFiles, listNames, listSegments, listUnfinished, removeFile, rollBack } from './_shelf.ts'
import { openFile } from './_streams.ts'

export type SweepDeps = ShelfDeps & {
  readonly dir: string
  readonly clock: Pick<Clock, 'nowMs'>
  readonly retentionMs: number
  /** How many checkpoints of each agent stay whatever their age: the newest. */
  readonly keepLast: number
}

/** What nobody has touched for so long has no writer any more, not in another process either. */
const deadAfterMs = 3_600_000

/** Says that a place stays whatever its age. */
export const pinName = '.pin'
/** What a place is called while it is removed; then it is no place any more. */
const goneName = (id: string): string => `.gone-${id}`

/** Removes what is too old in one place, and ends what was left unfinished there. @returns whether the place is gone */
export async function sweepPlace(deps: SweepDeps, folder: string, isAgent: boolean): Promise<boolean> {
  const path = join(deps.dir, folder)
  const isPinned = (await listNames(path)).includes(pinName)
  if (!isPinned && isAgent) await removeOld(deps, path)
  const isOver = isAgent
    ? (await listFiles(path)).length === 0 && (await isOld(deps, path))
    : await areAllOld(deps, path)
  if (!isPinned && isOver) {
    await removePlace(deps, folder)
    return true
  }
  await endUnfinished(deps, path)
  return false
}

/** Takes a place away in one step, then its files. @returns whether it was there */
export async function removePlace(
  { files, dir, newId }: Pick<SweepDeps, 'files' | 'dir' | 'newId'>,
  folder: string,
): Promise<boolean> {
  const path = join(dir, folder)
  if ((await orMissing(stat(path))) === undefined) return false
  const [namespace = ''] = folder.split('/')
  const gone = join(dir, namespace, goneName(newId()))
  await files.rename(path, gone)
  await files.remove(gone)
  const above = dirname(path)
  // An agent's folder stays where it holds other things.
  if (above !== join(dir, namespace)) await rmdir(above).catch(() => undefined)
  return true
}

/** Ends removals that were cut short. */
export async function removeGone({ files, dir }: Pick<SweepDeps, 'files' | 'dir'>, namespace: string): Promise<void> {
  const folder = join(dir, namespace)
  for (const name of await listNames(folder)) if (name.startsWith(goneName(''))) await files.remove(join(folder, name))
}

async function modifiedMs(path: string): Promise<number> {
  return (await orMissing(stat(path)))?.mtimeMs ?? 0
}

/** The files alone count: what the sweep itself does there makes no place younger. */
async function areAllOld(deps: SweepDeps, path: string): Promise<boolean> {
  const names = await listFiles(path)
  if (names.length === 0) return isOld(deps, path)
  for (const name of names) if (!(await isOld(deps, join(path, name)))) return false
  return true
}

const isOld = async ({ clock, retentionMs }: SweepDeps, path: string): Promise<boolean> =>
  clock.nowMs() - (await modifiedMs(path)) > retentionMs

async function removeOld(deps: SweepDeps, path: string): Promise<void> {
  const files = await Promise.all(
    (await listFiles(path)).map(async (segment) => ({ segment, ms: await modifiedMs(join(path, segment)) })),
  )
  const newestFirst = files.toSorted((left, right) => right.ms - left.ms)
  for (const { segment } of newestFirst.slice(deps.keepLast))
    if (await isOld(deps, join(path, segment))) await removeFile(deps, path, segment)
}

async function endUnfinished(deps: SweepDeps, path: string): Promise<void> {
  const isDead = async (name: string) => deps.clock.nowMs() - (await modifiedMs(join(path, name))) > deadAfterMs
  for (const name of await listUnfinished(path)) {
    if (!(await isDead(name))) continue
    if (name.startsWith('.refs')) await deps.files.remove(join(path, name))
    else await rollBack(deps, path, name)
  }
  for (const segment of await listSegments(path)) {
    const standing = await readStanding(path, segment)
    if (standing.kind !== 'open' || !(await isDead(segment)) || !(await isDead(join('.refs', `${segment}.json`))))
      continue
    const file = await openFile(deps, path, segment, standing.open)
    await file.seal()
  }
}
