import { join } from 'node:path'
import type { Clock, NewId } from '../core/clock.ts'
import { BaseError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { StorageUnavailableError } from '../db/errors.ts'
import type { FileOps } from './_file-ops.ts'
import { realFiles } from './_file-ops.ts'
import { createLanes } from './_lanes.ts'
import { decodeSegment, toFolder } from './_place.ts'
import type { Stored } from './_ref-file.ts'
import type { ArtifactPlace, ArtifactRef } from './artifact.ts'
import { ArtifactOpenError } from './errors.ts'

export type ArtifactStoreDeps = {
  /** The data folder. One process at a time may write there. */
  readonly dir: string
  readonly clock: Pick<Clock, 'nowMs'>
  readonly retentionDays: number
  /** How many checkpoints of each agent stay whatever their age; 1 unless told. */
  readonly keepLast?: number
  /** While it says so nothing is swept. */
  readonly isPaused: () => boolean
  readonly newId: NewId
  readonly log: Log
  readonly publish?: (type: 'artifact.written', data: JsonObject) => void
  /** The disk; the real one unless told. */
  readonly files?: FileOps
}

/** Of one artifact that is read or written whole. */
export const maxArtifactBytes = 256 * 1024 * 1024
const maxWaiting = 1_000

/** What the parts of one store share. */
export type ArtifactScope = ReturnType<typeof createArtifactScope>

export function createArtifactScope(deps: ArtifactStoreDeps) {
  const { dir, publish } = deps
  const lanes = createLanes(maxWaiting)
  /** Paths of streams that are not closed. */
  const open = new Set<string>()
  const folderOf = (place: ArtifactPlace) => join(dir, toFolder(place))
  const isOpenIn = (place: ArtifactPlace) => [...open].some((path) => path.startsWith(`${toFolder(place)}/`))
  return {
    ...deps,
    files: deps.files ?? realFiles,
    open,
    folderOf,
    isOpenIn,
    /** One change after the other in each place. @throws StorageUnavailableError, StoreBusyError */
    changing: <T>(place: ArtifactPlace, change: (folder: string) => Promise<T>): Promise<T> =>
      orUnavailable(lanes.enter(toFolder(place), () => change(folderOf(place)))),
    /** @throws ArtifactOpenError for one that is open, or a place in which one is */
    assertClosed(place: ArtifactPlace, segment?: string) {
      const path = segment === undefined ? toFolder(place) : toPath(place, segment)
      if (segment === undefined ? isOpenIn(place) : open.has(path)) throw new ArtifactOpenError(path)
    },
    /** Tells that it is written. */
    written(ref: ArtifactRef): ArtifactRef {
      publish?.('artifact.written', { path: ref.path, type: ref.type, bytes: ref.bytes })
      return ref
    },
  }
}

/** Below the data folder, with `/`. */
export const toPath = (place: ArtifactPlace, segment: string): string => `${toFolder(place)}/${segment}`

export const toRef = (place: ArtifactPlace, segment: string, stored: Stored): ArtifactRef => ({
  path: toPath(place, segment),
  name: decodeSegment(segment) ?? segment,
  ...stored,
})

/** Errors of the disk as one of ours. */
export async function orUnavailable<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw error instanceof BaseError ? error : new StorageUnavailableError(error)
  }
}
