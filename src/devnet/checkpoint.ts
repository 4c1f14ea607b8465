import { basename } from 'node:path'
import type { JsonArray, JsonObject, JsonValue } from '../core/json.ts'
import type { Transition } from '../fiber/messages.ts'
import type { Fiber } from '../fiber/records.ts'
import { decodeCheckedLine, encodeCheckedLine } from './checked-line.ts'
import { LedgerDamagedError, LedgerForeignError } from './errors.ts'
import type { Entry, LedgerImage, Newest } from './image.ts'
import { ledgerFormat } from './segment.ts'

/** Checkpoints sort by name as by ordinal: `checkpoint-0000000000002000.log`. */
export const checkpointName = (ordinal: number): string => `checkpoint-${String(ordinal).padStart(16, '0')}.log`

/** The ordinal in a checkpoint's file name, undefined for other files. */
export function checkpointOrdinal(name: string): number | undefined {
  const digits = /^checkpoint-(\d{16})\.log$/.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

type Header = {
  readonly format: number
  readonly dialect: string
  readonly ordinal: number
  readonly hash: string
  /** How many lines of each kind follow, in this order. */
  readonly expressions: number
  readonly entries: number
  readonly keys: number
  /** 1 where the snapshot itself follows; the first version did not write it. */
  readonly snapshots?: number
}

/**
 * The lines of a checkpoint. Guards, effects and programs stand once each, as the ledger holds them: games share
 * theirs, and writing them per game would make the file a hundred times as long.
 */
export function* encodeCheckpoint(image: LedgerImage, dialect: string): Generator<string> {
  const { ordinal, hash, entries, keys, newest } = image
  const places = new Map<JsonValue, number>()
  for (const { fiber } of entries)
    for (const expression of expressionsOf(fiber)) if (!places.has(expression)) places.set(expression, places.size)
  const snapshots = newest === null ? 0 : 1
  const counts = { expressions: places.size, entries: entries.length, keys: keys.length, snapshots }
  yield encodeCheckedLine({ format: ledgerFormat, dialect, ordinal, hash, ...counts } satisfies Header)
  for (const expression of places.keys()) yield encodeCheckedLine({ expression })
  for (const entry of entries) yield encodeCheckedLine(toJson(mapExpressions(entry, (it) => places.get(it) ?? null)))
  for (const [key, used] of keys) yield encodeCheckedLine({ key, hash: used })
  if (newest !== null) yield encodeCheckedLine(newest as unknown as JsonObject) // wire JSON and records: JSON all
}

/**
 * What a checkpoint's file holds.
 * @throws LedgerDamagedError where a line is not as it was written or is missing
 * @throws LedgerForeignError for another dialect or format
 */
export function parseCheckpoint(bytes: Uint8Array, path: string, dialect: string): LedgerImage {
  const file = basename(path)
  const lines = [...checkedLines(bytes, file)]
  const [head] = lines
  if (head === undefined) throw new LedgerDamagedError({ file, line: 1, fact: 'it is empty' })
  assertOurs(head, file, dialect)
  const { ordinal, hash, expressions, entries, keys, snapshots = 0 } = head as Header // its checksum holds: it is our writer's
  const end = 1 + expressions + entries + keys
  if (lines.length !== end + snapshots)
    throw new LedgerDamagedError({ file, line: lines.length, fact: 'lines are missing' })
  const table = lines.slice(1, 1 + expressions).map((line) => line['expression'] ?? null)
  const at = (place: JsonValue) => table[Number(place)] ?? null
  return {
    ordinal,
    hash,
    entries: lines.slice(1 + expressions, 1 + expressions + entries).map((line) => mapExpressions(fromJson(line), at)),
    keys: lines.slice(1 + expressions + entries, end).map((line) => [String(line['key']), String(line['hash'])]),
    newest: snapshots === 0 ? null : (lines[end] as unknown as Newest), // its checksum holds too
  }
}

function* checkedLines(bytes: Uint8Array, file: string): Generator<JsonObject> {
  for (let at = 0, line = 1; at < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, at)
    const value = end < 0 ? undefined : decodeCheckedLine(bytes.subarray(at, end))
    if (value === undefined) throw new LedgerDamagedError({ file, line, fact: 'its checksum does not fit' })
    yield value
    at = end + 1
  }
}

function assertOurs(head: JsonObject, file: string, dialect: string): void {
  const found = `${head['dialect']} in format ${head['format']}`
  const expected = `${dialect} in format ${ledgerFormat}`
  if (found !== expected) throw new LedgerForeignError({ file, found, expected })
}

// An entry is JSON through and through, and its line is what our writer made of one: both casts only rename it.
const toJson = (entry: Entry): JsonObject => entry as unknown as JsonObject
const fromJson = (line: JsonObject): Entry => line as unknown as Entry

function expressionsOf(fiber: Fiber): JsonArray {
  if (fiber.kind === 'script') return [fiber.scriptProgram]
  return fiber.definition.transitions.flatMap(({ guard, effect }) => [guard, effect])
}

/** The entry with each of its expressions replaced. */
export function mapExpressions(entry: Entry, map: (expression: JsonValue) => JsonValue): Entry {
  return { ...entry, fiber: mapFiberExpressions(entry.fiber, map) }
}

/** The record with each guard, effect or program replaced. */
export function mapFiberExpressions(fiber: Fiber, map: (expression: JsonValue) => JsonValue): Fiber {
  if (fiber.kind === 'script') return { ...fiber, scriptProgram: map(fiber.scriptProgram) }
  const transition = (it: Transition) => ({ ...it, guard: map(it.guard), effect: map(it.effect) })
  const definition = { ...fiber.definition, transitions: fiber.definition.transitions.map(transition) }
  return { ...fiber, definition }
}
