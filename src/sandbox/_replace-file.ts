import type { Stats } from 'node:fs'
import { constants } from 'node:fs'
import { link, lstat, open, readdir, rename, rm } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import type { Clock, NewId } from '../core/clock.ts'
import { systemCode } from './_file-failure.ts'
import type { Folder } from './_folder.ts'
import { backupOf, leftoversOf, temporaryOf } from './_leftovers.ts'
import { assertRegular } from './_regular.ts'
import { ToolFailedError } from './errors.ts'

type Deps = { readonly clock: Pick<Clock, 'nowMs'>; readonly newId: NewId }

/**
 * Puts bytes in the place of a file, at once and on the disk: a process that ends in between leaves the old or the new
 * ones. What stood there has its second name before it loses the first.
 */
export async function replaceFile(
  folder: Folder,
  name: string,
  bytes: Uint8Array,
  { clock, newId }: Deps,
): Promise<{ bytes: number; backup: string | null }> {
  const nowMs = clock.nowMs()
  const before = await statsOf(folder.at(name))
  const temporary = folder.at(temporaryOf(nowMs, newId()))
  try {
    await writeNew(folder, temporary, { bytes, mode: (before?.mode ?? 0o600) & 0o777 })
    const backup = before === undefined ? null : await keep(folder, name, nowMs)
    await folder.verify()
    await rename(temporary, folder.at(name))
    await folder.sync()
    await sweep(folder, name, nowMs)
    return { bytes: bytes.length, backup }
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined) // the first failure is the one to tell
    throw error
  }
}

async function statsOf(path: string): Promise<Stats | undefined> {
  try {
    const stats = await lstat(path)
    assertRegular(stats)
    return stats
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}

const newFlags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0)

async function writeNew(
  folder: Folder,
  path: string,
  { bytes, mode }: { readonly bytes: Uint8Array; readonly mode: number },
): Promise<void> {
  const handle = await open(path, newFlags, 0o600)
  try {
    await folder.verify()
    await handle.writeFile(bytes)
    await handle.chmod(mode)
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Backups made within one millisecond. */
const maxPerMoment = 100

/** Gives a file its second name. @returns that name */
async function keep(folder: Folder, name: string, nowMs: number): Promise<string> {
  for (let count = 0; count < maxPerMoment; count++) {
    const backup = backupOf(name, nowMs, count)
    try {
      await linkOrCopy(folder.at(name), folder.at(backup))
      return backup
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
  }
  throw new ToolFailedError('The file is written too often.')
}

/** File systems without hard links say so in one of these ways. @see link(2) */
const noLinks = ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK', 'ENOSYS']

async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to)
  } catch (error) {
    if (!noLinks.includes(systemCode(error))) throw error
    await copyNew(from, to)
  }
}

/** Not `copyFile`, which would follow a link that has come in between. */
async function copyNew(from: string, to: string): Promise<void> {
  const source = await open(from, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0))
  const target = await open(to, newFlags, 0o600).catch(async (error: unknown) => {
    await source.close()
    throw error
  })
  await pipeline(source.createReadStream(), target.createWriteStream({ flush: true }))
}

/** What cannot be removed stays: the file itself has been written. */
async function sweep(folder: Folder, name: string, nowMs: number): Promise<void> {
  const names = await readdir(folder.at('.')).catch(() => [])
  for (const leftover of leftoversOf(names, { name, nowMs }))
    await rm(folder.at(leftover), { force: true }).catch(() => undefined)
}
