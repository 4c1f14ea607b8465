import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TooLargeError } from '../sandbox/errors.ts'
import { allPlaces, createArtifactReads } from './_artifact-reads.ts'
import type { ArtifactScope, ArtifactStoreDeps } from './_artifact-scope.ts'
import { createArtifactScope, maxArtifactBytes, orUnavailable, toPath, toRef } from './_artifact-scope.ts'
import { orMissing } from './_hashed-file.ts'
import { encodeSegment, namespaces, toFolder } from './_place.ts'
import { readStanding } from './_ref-file.ts'
import { removeFile, saveFile } from './_shelf.ts'
import type { OpenFile } from './_streams.ts'
import { openFile } from './_streams.ts'
import { pinName, removeGone, removePlace, sweepPlace } from './_sweep.ts'
import type { ArtifactPlace, ArtifactRef, ArtifactStore, ArtifactStream } from './artifact.ts'
import { ArtifactNotFoundError } from './errors.ts'

const dayMs = 86_400_000

/** The files below a data folder. Nothing is opened or made before it is needed. */
export function createArtifactStore(deps: ArtifactStoreDeps): ArtifactStore {
  const scope = createArtifactScope(deps)
  return {
    ...createArtifactReads(scope),
    ...createWrites(scope),
    ...createRemovals(scope),
    pin: (place, isPinned) =>
      scope.changing(place, async (folder) => {
        if ((await orMissing(stat(folder))) === undefined) throw new ArtifactNotFoundError(toFolder(place))
        if (isPinned) await (await scope.files.open(join(folder, pinName), 'empty')).close()
        else await scope.files.remove(join(folder, pinName))
        await scope.files.syncFolder(folder)
      }),
  }
}

const createWrites = (scope: ArtifactScope): Pick<ArtifactStore, 'save' | 'open'> => ({
  async save(place, { name, type, data, meta = {} }) {
    const segment = encodeSegment(name, 'name')
    const bytes = typeof data === 'string' ? Buffer.from(data) : data
    if (bytes.length > maxArtifactBytes) throw new TooLargeError('The artifact', maxArtifactBytes)
    return scope.changing(place, async (folder) => {
      scope.assertClosed(place, segment)
      const about = { type, createdAt: new Date(scope.clock.nowMs()).toISOString(), meta }
      const stored = await saveFile(scope, folder, segment, { bytes, about })
      return scope.written(toRef(place, segment, stored))
    })
  },
  async open(place, { name, type, meta = {} }) {
    const segment = encodeSegment(name, 'name')
    return scope.changing(place, async (folder) => {
      scope.assertClosed(place, segment)
      const file = await openFile(scope, folder, segment, { type, meta })
      scope.open.add(toPath(place, segment))
      return toStream(scope, { place, segment, file })
    })
  },
})

type OpenArtifact = { readonly place: ArtifactPlace; readonly segment: string; readonly file: OpenFile }

function toStream(scope: ArtifactScope, { place, segment, file }: OpenArtifact): ArtifactStream {
  const close = () =>
    scope.changing(place, async () => {
      const stored = await file.seal().finally(() => scope.open.delete(toPath(place, segment)))
      return scope.written(toRef(place, segment, stored))
    })
  let closed: Promise<ArtifactRef> | undefined
  return {
    append: (line) => file.append(line),
    close: () => {
      closed ??= close()
      return closed
    },
  }
}

function createRemovals(scope: ArtifactScope): Pick<ArtifactStore, 'delete' | 'sweep'> {
  const { isPaused, log, keepLast = 1, retentionDays } = scope
  const sweepDeps = { ...scope, keepLast, retentionMs: retentionDays * dayMs }
  const sweepOne = async (place: ArtifactPlace): Promise<boolean> => {
    try {
      return await scope.changing(place, async () =>
        scope.isOpenIn(place) ? false : sweepPlace(sweepDeps, toFolder(place), place.namespace === 'agents'),
      )
    } catch (error) {
      // One place that cannot be swept keeps no other from it.
      log.error({ err: error, place: toFolder(place) }, 'old artifacts are not removed')
      return false
    }
  }
  return {
    async delete(place, name) {
      const segment = name === undefined ? undefined : encodeSegment(name, 'name')
      return scope.changing(place, async (folder) => {
        scope.assertClosed(place, segment)
        if (segment === undefined) return removePlace(scope, toFolder(place))
        const { kind } = await readStanding(folder, segment)
        if (kind !== 'none') await removeFile(scope, folder, segment)
        return kind !== 'none'
      })
    },
    async sweep() {
      let count = 0
      for await (const place of allPlaces(scope)) {
        if (isPaused()) return count
        if (await sweepOne(place)) count += 1
      }
      if (!isPaused()) for (const namespace of namespaces) await orUnavailable(removeGone(scope, namespace))
      return count
    },
  }
}
