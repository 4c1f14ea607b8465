import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Fiber, FiberStatus, Invocation } from '../fiber/records.ts'
import { firstFault, Json } from './_wire.ts'
import type { LedgerState } from './dialect.ts'
import { RecordUnreadableError } from './errors.ts'

/** Remembers what a pure function gave for a value, for as long as the value lives: records never change. */
export function memoize<K extends object, V>(work: (key: K) => V): (key: K) => V {
  const results = new WeakMap<K, { readonly value: V }>()
  return (key) => {
    const known = results.get(key) ?? { value: work(key) }
    results.set(key, known)
    return known.value
  }
}

/** All fibers of one kind, by id. */
export const fibersById = (
  { fibers, invocations }: LedgerState,
  kind: Fiber['kind'],
  encode: (fiber: Fiber, invocations?: readonly Invocation[]) => JsonObject,
): JsonObject =>
  Object.fromEntries(
    [...fibers]
      .filter(([, fiber]) => fiber.kind === kind)
      .map(([id, fiber]) => [id, encode(fiber, invocations?.get(id))]),
  )

/** A member's member; undefined where there is none. */
export function memberOf(json: JsonValue, group: string, fiberId: string): JsonValue | undefined {
  const fibers = isJsonObject(json) ? member(json, group) : undefined
  return isJsonObject(fibers) ? member(fibers, fiberId.toLowerCase()) : undefined
}

const statusesByWord: { readonly [word in Uppercase<FiberStatus>]: FiberStatus } = {
  ACTIVE: 'Active',
  ARCHIVED: 'Archived',
  FAILED: 'Failed',
}

/** The status words of either dialect. */
export const Status = z
  .string()
  .toUpperCase()
  .pipe(z.enum(['ACTIVE', 'ARCHIVED', 'FAILED']))
  .transform((word) => statusesByWord[word])

export const Members = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue), 'expected an object')

/** What a view of either kind needs of a record, in every dialect. */
export const recordFields = {
  status: Status,
  owners: z.array(z.string()),
  creationOrdinal: z.int(),
  latestUpdateOrdinal: z.int(),
}

/** One run of a script as both dialects write it. */
export const InvocationWire = z.object({
  method: z.string(),
  args: Json,
  result: Json,
  gasUsed: z.int(),
  invokedAt: z.int(),
  invokedBy: z.string(),
})

/** A reader of one kind of record. @throws RecordUnreadableError naming the first wrong field */
export function recordReader<T extends object>(schema: z.ZodType<T>, record: 'machine' | 'script') {
  // A ledger in this process hands out one and the same record until the fiber changes: it is read once.
  const views = new WeakMap<JsonObject, T>()
  return (json: JsonValue): T => {
    const known = isJsonObject(json) ? views.get(json) : undefined
    if (known !== undefined) return known
    const view = parseRecord(schema, record, json)
    if (isJsonObject(json)) views.set(json, view)
    return view
  }
}

function parseRecord<T>(schema: z.ZodType<T>, record: 'machine' | 'script', json: JsonValue): T {
  const parsed = schema.safeParse(json)
  if (parsed.success) return parsed.data
  const { path, fault } = firstFault(parsed.error)
  throw new RecordUnreadableError(record, path, fault)
}
