import { z } from 'zod'
import type { Clock, NewId } from '../core/clock.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { Settle } from './_begun.ts'
import { createBegunWrites } from './_begun.ts'
import { ApprovalDeclinedError, ApprovalNeededError, TooManyApprovalsError } from './errors.ts'
import type { ToolOutcome } from './tool.ts'

/** A write that waits for a person, or that one has just decided on. */
export const Approval = z.object({
  id: z.uuid(),
  tool: z.string(),
  // The cast holds: arguments are JSON on both sides of the wire.
  args: z.record(z.string(), z.unknown() as z.ZodType<JsonValue>).describe('What is asked for: these and no others.'),
  principal: z.string().describe('Who asks: an address, or the name of a token.'),
  askedAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().describe('Until when it waits, or may be used.'),
  status: z.enum(['pending', 'approved', 'declined']),
})
export type Approval = z.output<typeof Approval>

/** A write as a person is asked about it: `args` as the tool's schema leaves them, without the idempotency key. */
export type AskedCall = {
  readonly tool: string
  readonly args: JsonObject
  readonly principal: string
  readonly requestKey: string | undefined
}

/** One run, permitted. Tell it how the run ended; without that the approval counts as used. */
export type Grant = { readonly settle: Settle }

/** Writes that wait for a person, in memory: a restart forgets them, and then they are asked about again. */
export type Approvals = {
  /** Those that nobody has decided on, newest first. */
  list(): readonly Approval[]
  /** The same, of one caller. */
  pendingOf(principal: string): readonly Approval[]
  /**
   * A person's answer, which may change until the write has begun.
   * @param by who decided, for the log
   * @returns undefined for an id that is unknown, expired or used
   */
  decide(id: string, approve: boolean, by: { readonly principal: string }): Approval | undefined
  /**
   * Permission for one run of exactly this call. An approval is used by one call that got something done or was
   * refused by the rules. It stays for a call that reached nobody; and after one whose fate is open, the same call may
   * go on where it was, while no other write has begun on its game.
   * @throws ApprovalNeededError naming the one record of this call, ApprovalDeclinedError once, TooManyApprovalsError
   */
  take(call: AskedCall): Grant
}

export type ApprovalLimits = {
  /** 1,000 unless told. */
  readonly maxWaiting?: number
  /** How long a question waits for its answer; 10 minutes unless told. */
  readonly pendingMs?: number
  /** How long an approval may be used; 5 minutes unless told. */
  readonly usableMs?: number
}

export type ApprovalDeps = {
  readonly clock: Pick<Clock, 'nowMs' | 'monotonicMs'>
  readonly newId: NewId
  readonly limits?: ApprovalLimits
  readonly log?: Log
}

/** `untilMs` is monotonic: `expiresAt` only tells of it. */
type Entry = { readonly approval: Approval; readonly untilMs: number }

const minutes = 60_000

/** The records of one process: one for each caller, tool and arguments. */
export function createApprovals({ clock, newId, limits, log = silentLog }: ApprovalDeps): Approvals {
  const { maxWaiting = 1_000, pendingMs = 10 * minutes, usableMs = 5 * minutes } = limits ?? {}
  const entries = new Map<string, Entry>() // by keyOf; a Map keeps the order of asking
  const begun = createBegunWrites({ clock, usableMs, maxPlaces: maxWaiting })

  const standing = () => dropExpired(entries, clock.monotonicMs())
  const lasting = (ms: number) => ({ untilMs: clock.monotonicMs() + ms, expiresAt: toText(clock.nowMs() + ms) })

  const ask = (key: string, { tool, args, principal }: AskedCall): Approval => {
    if (entries.size >= maxWaiting) throw new TooManyApprovalsError(maxWaiting)
    const { untilMs, expiresAt } = lasting(pendingMs)
    const question = { id: newId(), tool, args, principal, askedAt: toText(clock.nowMs()) }
    const approval: Approval = { ...question, expiresAt, status: 'pending' }
    entries.set(key, { approval, untilMs })
    return approval
  }

  const begin = (key: string, place: string | undefined, entry: Entry): Grant => {
    entries.delete(key)
    const settle = begun.begin(key, place)
    return {
      settle(outcome) {
        if (!reachedNobody(outcome)) settle(outcome)
        // Whoever asked in the meantime was told of another record, which a person may be looking at.
        else if (!entries.has(key)) entries.set(key, entry)
      },
    }
  }

  return {
    list: () => pendingIn(standing()),
    pendingOf: (principal) => pendingIn(standing()).filter((approval) => approval.principal === principal),
    decide(id, approve, by) {
      const [key, entry] = [...standing()].find(([, { approval }]) => approval.id === id) ?? []
      if (key === undefined || entry === undefined) return undefined
      const { untilMs, expiresAt } = lasting(approve ? usableMs : pendingMs)
      const approval: Approval = { ...entry.approval, expiresAt, status: approve ? 'approved' : 'declined' }
      entries.set(key, { approval, untilMs })
      log.info({ approvalId: id, tool: approval.tool, status: approval.status, by: by.principal }, 'approval')
      return approval
    },
    take(call) {
      const [key, place] = [keyOf(call), placeOf(call)]
      const settle = begun.resume(key, place)
      if (settle !== undefined) return { settle }
      const entry = standing().get(key)
      if (entry?.approval.status === 'approved') return begin(key, place, entry)
      if (entry?.approval.status === 'declined') {
        entries.delete(key)
        throw new ApprovalDeclinedError(entry.approval)
      }
      throw new ApprovalNeededError(entry?.approval ?? ask(key, call))
    },
  }
}

const pendingIn = (entries: ReadonlyMap<string, Entry>): readonly Approval[] =>
  [...entries.values()].flatMap(({ approval }) => (approval.status === 'pending' ? [approval] : [])).reverse()

function dropExpired(entries: Map<string, Entry>, nowMs: number): ReadonlyMap<string, Entry> {
  for (const [key, { untilMs }] of entries) if (untilMs <= nowMs) entries.delete(key)
  return entries
}

const toText = (epochMs: number): string => new Date(epochMs).toISOString()

/** The whole call, not a digest of it. Parsed arguments come in the schema's order, so equal calls have one text. */
const keyOf = ({ principal, tool, args }: AskedCall): string => JSON.stringify([principal, tool, args])

/**
 * Where a repeat finds what was begun: at the game it names, or by its request key; nowhere without either, since
 * then a repeat would begin another game.
 */
function placeOf({ args, principal, requestKey }: AskedCall): string | undefined {
  if (typeof args['gameId'] === 'string') return JSON.stringify([args['gameId']])
  return requestKey === undefined ? undefined : JSON.stringify([principal, requestKey])
}

const reachedNobody = (outcome: ToolOutcome): boolean =>
  !outcome.success && outcome.outcome === 'not_submitted' && outcome.retryable
