import { createBoundedMap } from '../core/bounded-map.ts'
import type { Value } from './value.ts'
import { isList, isMap } from './value.ts'

/** One step of a path: a key of maps, and an index of arrays where it is a whole number, else -1. */
type Segment = { readonly key: string; readonly index: number }

/** A path, read once. `gas` is what looking it up adds to the reported cost. */
export type Path = {
  readonly kind: 'context' | 'nothing' | 'segments'
  readonly segments: readonly Segment[]
  readonly gas: number
}

/** Gas of a variable reference, besides one for each segment. @see metakit 1.7.0-rc.9 `GasConfig.varAccess` */
const accessGas = 2

/**
 * Reads a path: segments divided by dots. The empty path is the whole context; one that ends in a dot finds nothing.
 * @see metakit 1.7.0-rc.9 `JsonLogicSemantics.getVar`
 */
export function parsePath(text: string): Path {
  if (text === '') return { kind: 'context', segments: [], gas: accessGas + 1 }
  const keys = text.split('.')
  // The node counts segments with a splitter that drops empty ones at the end.
  if (text.endsWith('.')) return { kind: 'nothing', segments: [], gas: accessGas + keys.findLastIndex(Boolean) + 1 }
  return { kind: 'segments', segments: keys.map(toSegment), gas: accessGas + keys.length }
}

/** The work of reading a path, by its length: about two microseconds where its names are new. */
export const pathWork = (text: string): number => 200 + 10 * text.length

/** Names of members come again and again, ids do not. */
const segments = createBoundedMap<string, Segment>(1_024)
const longestKept = 24

function toSegment(text: string): Segment {
  const known = segments.get(text)
  if (known !== undefined) return known
  // The engine keeps one copy of each name of a member, and a map finds that copy without comparing letters.
  const [key = text] = Object.keys({ [text]: true })
  const segment = { key, index: /^[+-]?\d+$/.test(key) ? Number(key) : -1 }
  if (text.length <= longestKept) segments.set(text, segment)
  return segment
}

/**
 * Follows a path. A callback lays its context over the root data: beside it where the context is null or a primitive,
 * over its keys where both are maps, behind its elements where both are arrays, and instead of it in any other mix.
 * Gives null where nothing is found.
 * @param context undefined outside callbacks
 */
export function lookUp(path: Path, root: Value, context: Value | undefined): Value {
  if (path.kind === 'context') return context === undefined ? root : context
  const { segments } = path
  const [first] = segments
  if (first === undefined) return null
  let found = isCollection(context) ? overlaid(first, root, context) : child(root, first)
  for (let at = 1; at < segments.length; at++) found = child(found, segments[at] ?? first)
  return found
}

const isCollection = (value: Value | undefined): value is readonly Value[] | ReadonlyMap<string, Value> =>
  typeof value === 'object' && (isList(value) || isMap(value))

function overlaid(segment: Segment, root: Value, context: Value): Value {
  if (isMap(context) && isMap(root)) return context.get(segment.key) ?? outer(segment, root, context)
  if (isList(context) && isList(root) && segment.index >= root.length)
    return context[segment.index - root.length] ?? null
  return isList(context) && isList(root) ? child(root, segment) : child(context, segment)
}

/** A key that the context holds with null hides the root's. */
const outer = ({ key }: Segment, root: ReadonlyMap<string, Value>, context: ReadonlyMap<string, Value>): Value =>
  context.has(key) ? null : (root.get(key) ?? null)

/** Own members only: a `Map` has no others, and an array is asked for indexes alone. */
function child(parent: Value, segment: Segment): Value {
  if (isMap(parent)) return parent.get(segment.key) ?? null
  return isList(parent) && segment.index >= 0 ? (parent[segment.index] ?? null) : null
}
