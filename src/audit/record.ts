import { hash } from 'node:crypto'
import { z } from 'zod'

/** One call of a tool that has ended: who, what and how it ended. The arguments are there as their digest alone. */
type CallEntry = {
  readonly kind: 'call'
  readonly traceId: string
  readonly principal: string
  /** `unknown` for a name that no tool has: it is a stranger's own word. */
  readonly tool: string
  /** SHA-256, hex, of the JSON text of [tool, arguments], the idempotency key left out. */
  readonly argsHash: string
  /** `applied`, or the outcome of the failure. */
  readonly outcome: string
  /** `OK`, or the error code. */
  readonly code: string
  readonly gameId?: string | undefined
  /** Hash of the signed message. */
  readonly hash?: string | undefined
  readonly intentId?: string | undefined
  /** It had been done before. */
  readonly replayed?: true | undefined
}

/** A request, or a call in one, that was refused for who sent it, where from or how often. */
type AccessEntry = {
  readonly kind: 'access'
  /** Null where the record stands for several. */
  readonly traceId: string | null
  /** Who it was, or the address where nobody knew yet. */
  readonly principal: string
  readonly code: string
  readonly route: string
  /** How many like it came within a second after the one that has a record of its own. */
  readonly again?: number
}

/** A person's answer to a write that waited for one. */
type ApprovalEntry = {
  readonly kind: 'approval'
  /** Who decided. */
  readonly principal: string
  /** Who had asked. */
  readonly askedBy: string
  readonly id: string
  readonly tool: string
  readonly argsHash: string
  readonly status: string
}

/** The service began. `configHash`: SHA-256, hex, of its settings without secrets. */
type StartEntry = {
  readonly kind: 'start'
  readonly version: string
  readonly node: string
  readonly configHash: string
  readonly dialect: string
  /** Null where nothing is signed. */
  readonly playerX: string | null
  readonly playerO: string | null
}

type StopEntry = { readonly kind: 'stop' }

/** A call that policy refused an agent, or, in audit mode, would have. */
type DenialEntry = {
  readonly kind: 'denial'
  readonly traceId: string | null
  readonly principal: string
  readonly agent?: string | undefined
  readonly task?: string | undefined
  readonly tool: string
  readonly rule: string
  /** False: it was let through. */
  readonly isEnforced: boolean
}

/** The switch that stops everything that spends or signs was turned, or found turned. */
type KillEntry = {
  readonly kind: 'kill'
  readonly isOn: boolean
  readonly sources: readonly string[]
  readonly reason: string | null
}

/** What an entry may say. */
export type AuditEntry = CallEntry | AccessEntry | ApprovalEntry | StartEntry | StopEntry | DenialEntry | KillEntry

/** What the log says of itself: an unfinished line was cut off; entries came while there was no room for them. */
export type OwnEntry =
  | { readonly kind: 'repair'; readonly droppedBytes: number }
  | { readonly kind: 'gap'; readonly lost: number }

/** The place of a record in its chain. `prev` is the hash of the line before, `at` the time in RFC 3339. */
export type Place = { readonly seq: number; readonly at: string; readonly prev: string }

/** What stands before the first record. */
export const genesisHash = '0'.repeat(64)

/** The longest line that is ever written is far below: a longer one is none of ours. */
export const maxLineBytes = 64 * 1024

const maxTextLength = 256
const sumLength = 16

/**
 * A record as its line, without the line feed. `sum`, its last member, is the beginning of the SHA-256 of the line
 * without it: so a change shows in the very line, the last one included. It proves nothing against who computes it
 * anew; the head hash in the normal log does.
 */
export function encodeRecord(place: Place, entry: AuditEntry | OwnEntry): string {
  const body = JSON.stringify({ ...place, ...entry }, clipped)
  return `${body.slice(0, -1)},"sum":"${sumOf(body)}"}`
}

/** Callers choose some of these texts: none may make a line as long as it likes. */
const clipped = (_: string, value: unknown): unknown =>
  typeof value === 'string' && value.length > maxTextLength ? value.slice(0, maxTextLength) : value

/** What the next record holds as `prev`: SHA-256 of the exact line, without its line feed, hex. */
export const lineHash = (line: string | Uint8Array): string => hash('sha256', line, 'hex')

const sumOf = (body: string | Uint8Array): string => hash('sha256', body, 'hex').slice(0, sumLength)

const Line = z.looseObject({
  seq: z.int().min(1),
  at: z.iso.datetime(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  kind: z.string(),
})

/** A line as far as the chain needs it. */
export type ReadRecord = z.output<typeof Line>

/** Reads a line; undefined for one that is not as it was written. */
export function readRecord(line: Uint8Array): ReadRecord | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength)
  const sum = /^,"sum":"([0-9a-f]{16})"\}$/.exec(text.toString('latin1', text.length - sumLength - 10))?.[1]
  if (sum === undefined) return undefined
  const body = Buffer.concat([text.subarray(0, text.length - sumLength - 10), Buffer.from('}')])
  if (sumOf(body) !== sum) return undefined
  try {
    return Line.safeParse(JSON.parse(body.toString('utf8'))).data
  } catch {
    return undefined // a right sum under what is no JSON: not our writer's
  }
}
