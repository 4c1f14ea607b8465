import type { ArtifactPlace } from './artifact.ts'
import { ArtifactNameError } from './errors.ts'

export const namespaces = ['sessions', 'agents', 'tasks'] as const

/** Room for an ending and a random id within the 255 bytes that a file system gives a name. */
const maxBytes = 200

/**
 * An id or a name as one part of a path: all but A–Z, a–z, 0–9, `.`, `_` and `-` as UTF-8 behind percent signs, and so is
 * a dot in front, since what begins with a dot is the store's own.
 * @param what how to call it in an error
 * @throws ArtifactNameError for an empty one, `.`, `..`, control characters, or more than 200 bytes
 */
export function encodeSegment(text: string, what: string): string {
  const isUsable = text !== '' && text !== '.' && text !== '..' && text.isWellFormed() && !/\p{Cc}/u.test(text)
  if (!isUsable || text.length > maxBytes) throw new ArtifactNameError(what)
  const segment = encodeURIComponent(text).replace(/[!'()*~]|^\./g, toPercent)
  if (segment.length > maxBytes) throw new ArtifactNameError(what)
  return segment
}

const toPercent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`

/** The id or name of a part of a path; undefined for one that the store did not make. */
export function decodeSegment(segment: string): string | undefined {
  try {
    const text = decodeURIComponent(segment)
    return encodeSegment(text, 'name') === segment ? text : undefined
  } catch {
    return undefined
  }
}

/** The folder of a place below the data folder, with `/`. @throws ArtifactNameError */
export function toFolder({ namespace, id }: ArtifactPlace): string {
  const folder = `${namespace}/${encodeSegment(id, 'id')}`
  // An agent's folder may hold other things of it.
  return namespace === 'agents' ? `${folder}/checkpoints` : folder
}
