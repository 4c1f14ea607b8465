import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { TooLargeError } from '../sandbox/errors.ts'
import type { ArtifactScope } from './_artifact-scope.ts'
import { maxArtifactBytes, orUnavailable, toPath, toRef } from './_artifact-scope.ts'
import { hashFile, orMissing } from './_hashed-file.ts'
import { decodeSegment, encodeSegment, namespaces } from './_place.ts'
import type { Stored } from './_ref-file.ts'
import { readStanding } from './_ref-file.ts'
import { compareFile, listFiles, listNames, listSegments } from './_shelf.ts'
import type { ArtifactFault, ArtifactPlace, ArtifactRef, ArtifactStore } from './artifact.ts'
import { ArtifactNotFoundError, CheckpointCorruptError } from './errors.ts'

/** What only looks at the disk, and never waits for a change. */
export const createArtifactReads = (
  scope: ArtifactScope,
): Pick<ArtifactStore, 'load' | 'list' | 'places' | 'verify'> => ({
  load: (place, name) => orUnavailable(load(scope, place, name)),
  list: (place) => orUnavailable(list(scope, place)),
  places: (namespace) => orUnavailable(listPlaces(scope, namespace)),
  verify: (place) => verify(scope, place),
})

async function load(scope: ArtifactScope, place: ArtifactPlace, name: string): ReturnType<ArtifactStore['load']> {
  const segment = encodeSegment(name, 'name')
  const path = toPath(place, segment)
  const size = (await orMissing(stat(join(scope.folderOf(place), segment))))?.size ?? 0
  if (size > maxArtifactBytes) throw new TooLargeError('The artifact', maxArtifactBytes)
  const compared = await compareFile(scope.folderOf(place), segment, { keep: true })
  if (compared.fault !== undefined) throw new CheckpointCorruptError(path, compared.cause)
  const { standing, found } = compared
  if (standing.kind === 'none' || standing.kind === 'unreadable' || found === undefined)
    throw new ArtifactNotFoundError(path)
  const { bytes, checksum, content } = found
  const stored = standing.kind === 'whole' ? standing.ref : { ...standing.open, bytes, checksum }
  return { ref: toRef(place, segment, stored), bytes: content }
}

async function list(scope: ArtifactScope, place: ArtifactPlace): Promise<readonly ArtifactRef[]> {
  const refs: ArtifactRef[] = []
  for (const segment of await listSegments(scope.folderOf(place))) {
    const stored = await describe(scope, scope.folderOf(place), segment)
    if (stored !== undefined) refs.push(toRef(place, segment, stored))
  }
  return refs
}

/** Of a file that is open, what it holds now. */
async function describe({ log }: ArtifactScope, folder: string, segment: string): Promise<Stored | undefined> {
  const standing = await readStanding(folder, segment)
  if (standing.kind === 'whole') return standing.ref
  if (standing.kind === 'unreadable') log.warn({ err: standing.cause, segment }, 'what an artifact is cannot be read')
  const found = standing.kind === 'open' ? await hashFile(join(folder, segment), { keep: false }) : undefined
  if (standing.kind !== 'open' || found === undefined) return undefined
  return { ...standing.open, bytes: found.bytes, checksum: found.checksum }
}

/** In order; what the store did not make is none. */
async function listPlaces(
  { dir, folderOf }: ArtifactScope,
  namespace: ArtifactPlace['namespace'],
): Promise<readonly string[]> {
  const found: string[] = []
  for (const name of (await listNames(join(dir, namespace))).toSorted()) {
    const id = decodeSegment(name)
    const folder = id === undefined ? undefined : await orMissing(stat(folderOf({ namespace, id })))
    if (id !== undefined && folder?.isDirectory()) found.push(id)
  }
  return found
}

/** Every place of every namespace. */
export async function* allPlaces(scope: ArtifactScope): AsyncGenerator<ArtifactPlace> {
  for (const namespace of namespaces)
    for (const id of await orUnavailable(listPlaces(scope, namespace))) yield { namespace, id }
}

async function* verify(scope: ArtifactScope, only?: ArtifactPlace): AsyncGenerator<ArtifactFault> {
  for await (const place of only === undefined ? allPlaces(scope) : [only]) {
    const folder = scope.folderOf(place)
    const segments = new Set([...(await listSegments(folder)), ...(await listFiles(folder))])
    for (const segment of segments) {
      const path = toPath(place, segment)
      const compared = await compareFile(folder, segment, { keep: false })
      const isUnlisted = compared.fault === undefined && compared.standing.kind !== 'whole'
      const fault = isUnlisted && compared.found !== undefined && !scope.open.has(path) ? 'unlisted' : compared.fault
      if (fault !== undefined) yield { path, fault }
    }
  }
}
