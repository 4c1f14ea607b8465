import { z } from 'zod'
import type { NewId } from '../core/clock.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { silentLog } from '../core/log.ts'
import type { ApprovalStore, RunEnd, WaitingWrite } from '../intent/approval-store.ts'
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

/** One run, permitted. */
export type Grant = {
  /** Stores how the run ended, before its outcome is told. Never throws: the outcome stands whatever can be stored. */
  settle(outcome: ToolOutcome): Promise<void>
}

/**
 * Writes that wait for a person. All bridges on one database share them, and a restart keeps them.
 * @throws StorageUnavailableError, from all of it: then nothing was permitted and nothing decided
 */
export type Approvals = {
  /** Those that nobody has decided on, newest first. */
  list(): Promise<readonly Approval[]>
  /** The same, of one caller. */
  pendingOf(principal: string): Promise<readonly Approval[]>
  /**
   * A person's answer, which may change until the write has begun.
   * @param by who decided, for the log
   * @returns undefined for an id that is unknown, expired or used
   */
  decide(id: string, approve: boolean, by: { readonly principal: string }): Promise<Approval | undefined>
  /**
   * Permission for one run of exactly this call. An approval is used by one call that got something done or was
   * refused by the rules. It stays for a call that reached nobody; and after one whose fate is open, the same call may
   * go on where it was, while no other write has begun on its game.
   * @throws ApprovalNeededError naming the one record of this call, ApprovalDeclinedError once, TooManyApprovalsError
   */
  take(call: AskedCall): Promise<Grant>
}

export type ApprovalDeps = { readonly store: ApprovalStore; readonly newId: NewId; readonly log?: Log }

/** Approvals over a store: one record for each caller, tool and arguments. */
export function createApprovals({ store, newId, log = silentLog }: ApprovalDeps): Approvals {
  const list = async () => (await store.waiting()).map(toApproval)
  return {
    list,
    pendingOf: async (asker) => (await list()).filter(({ principal }) => principal === asker),
    async decide(id, approve, by) {
      const write = await store.decide(id, approve ? 'approved' : 'declined')
      if (write === undefined) return undefined
      const approval = toApproval(write)
      log.info({ approvalId: id, tool: approval.tool, status: approval.status, by: by.principal }, 'approval')
      return approval
    },
    async take(call) {
      const taken = await store.take({ id: newId(), call: textOf(call), place: placeOf(call) })
      if (taken.kind === 'full') throw new TooManyApprovalsError(taken.maxWaiting)
      if (taken.kind === 'asked') throw new ApprovalNeededError(toApproval(taken.write))
      if (taken.kind === 'declined') throw new ApprovalDeclinedError(toApproval(taken.write))
      return {
        settle: (outcome) =>
          // Nothing is lost: what is not stored counts as open once this process has ended, and as used until then.
          taken.end(endOf(outcome)).catch((error: unknown) => {
            log.warn({ err: error, tool: call.tool, traceId: outcome.traceId }, 'the end of an approved write')
          }),
      }
    },
  }
}

function toApproval({ id, call, status, askedMs, untilMs }: WaitingWrite): Approval {
  // The cast holds: the text was written by textOf.
  const [principal, tool, args] = JSON.parse(call) as [string, string, JsonObject]
  return { id, tool, args, principal, askedAt: toText(askedMs), expiresAt: toText(untilMs), status }
}

const toText = (epochMs: number): string => new Date(epochMs).toISOString()

/** Parsed arguments come in the schema's order, so equal calls have one text. */
const textOf = ({ principal, tool, args }: AskedCall): string => JSON.stringify([principal, tool, args])

/**
 * Where a repeat finds what was begun: at the game it names, or by its request key; nowhere without either, since
 * then a repeat would begin another game.
 */
function placeOf({ args, principal, requestKey }: AskedCall): string | undefined {
  if (typeof args['gameId'] === 'string') return JSON.stringify([args['gameId']])
  return requestKey === undefined ? undefined : JSON.stringify([principal, requestKey])
}

function endOf(outcome: ToolOutcome): RunEnd {
  if (outcome.success || !outcome.retryable) return 'settled'
  return outcome.outcome === 'not_submitted' ? 'unused' : 'open'
}
