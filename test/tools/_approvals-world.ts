import { expect } from 'vitest'
import { z } from 'zod'
import type { Clock } from '../../src/core/clock.ts'
import { isJsonObject } from '../../src/core/json.ts'
import type { Log } from '../../src/core/log.ts'
import { silentLog } from '../../src/core/log.ts'
import type { ApprovalLimits } from '../../src/intent/approval-store.ts'
import { createKeyStore } from '../../src/intent/key-store.ts'
import type { Caller } from '../../src/tictactoe/caller.ts'
import {
  ConfirmationPendingError,
  GameStateError,
  NotSubmittedError,
  OutcomeUnknownError,
  WalletMismatchError,
} from '../../src/tictactoe/errors.ts'
import type { Approvals } from '../../src/tools/approvals.ts'
import { createToolBus } from '../../src/tools/bus.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import { defineTool } from '../../src/tools/tool.ts'
import { openApprovals } from './open-approvals.ts'

const epochMs = Date.UTC(2026, 0, 1)
export const minutes = 60_000

/** Time that moves by hand; no deadline ever comes. */
function createHandClock() {
  const time = { ms: 0 }
  const clock: Clock = {
    nowMs: () => epochMs + time.ms,
    monotonicMs: () => time.ms,
    sleep: (_, signal) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason), { once: true })),
  }
  const pass = (ms: number) => {
    time.ms += ms
  }
  return { clock, pass }
}

/** How a run ends, and whether that settles what was asked for. */
export const endings = {
  done: { isFinal: true, end: () => {} },
  refused: {
    isFinal: true,
    end: (): never => {
      throw new GameStateError('finished', emptyGame)
    },
  },
  cannotSign: {
    isFinal: true,
    end: (): never => {
      throw new WalletMismatchError({})
    },
  },
  unreachable: {
    isFinal: false,
    end: (): never => {
      throw new NotSubmittedError('refused')
    },
  },
  unknown: {
    isFinal: false,
    end: ({ onSubmitting }: Caller): never => {
      onSubmitting()
      throw new OutcomeUnknownError({})
    },
  },
  pending: {
    isFinal: false,
    end: ({ onSubmitting }: Caller): never => {
      onSubmitting()
      throw new ConfirmationPendingError({})
    },
  },
} as const
export type Ending = keyof typeof endings

const emptyGame = {
  gameId: 'g',
  board: Array(9).fill(null),
  boardText: '',
  turn: null,
  status: 'Won',
  machineState: 'finished',
  roundCount: 0,
} as const

export type Run = { readonly tool: string; readonly args: object; end(how: Ending): void }

/** A call that runs, or that was answered without. */
export type Started = { readonly outcome: Promise<ToolOutcome>; readonly run: Run | undefined }

/** Two writes and a read behind approvals; every run waits until the test ends it, or ends as `always` says. */
export async function world({ always, limits, log }: { always?: Ending; limits?: ApprovalLimits; log?: Log } = {}) {
  const { clock, pass } = createHandClock()
  const runs: Run[] = []
  const waiting = new Set<(run: Run) => void>()
  const ids = { last: 0 }
  const newId = () => {
    ids.last += 1
    return `00000000-0000-4000-8000-${String(ids.last).padStart(12, '0')}`
  }
  const options = { ...(limits ? { limits } : {}), ...(log ? { log } : {}) }
  const { approvals, database } = await openApprovals({ clock, newId, ...options })
  const keys = createKeyStore({ database, bridgeId: 'bridge' })
  const toolOf = (name: string, effect: 'read' | 'write', input: z.ZodObject) =>
    defineTool({
      name,
      origin: 'game',
      summary: 'Works.',
      effect,
      input,
      output: z.object({ done: z.boolean() }),
      run: async (args, caller) => {
        const { promise, resolve } = Promise.withResolvers<Ending>()
        const run = { tool: name, args, end: resolve }
        runs.push(run)
        for (const tell of waiting) tell(run)
        if (always) resolve(always)
        endings[await promise].end(caller)
        return { result: { done: true } }
      },
    })
  const idempotencyKey = z.string().optional()
  const tools = [
    toolOf('play', 'write', z.strictObject({ gameId: z.string(), cell: z.int(), idempotencyKey })),
    toolOf('create', 'write', z.strictObject({ idempotencyKey })),
    toolOf('look', 'read', z.strictObject({ gameId: z.string() })),
  ]
  const catalog = createToolBus({
    tools,
    clock,
    deadlineMs: 10_000,
    log: silentLog,
    keys,
    approvals,
  })
  const call = (tool: string, args: unknown, { principal = 'p', key }: { principal?: string; key?: string } = {}) =>
    catalog.call(tool, args, {
      traceId: 't',
      principal,
      signal: new AbortController().signal,
      ...(key === undefined ? {} : { idempotencyKey: key }),
    })
  const start = async (...asked: Parameters<typeof call>): Promise<Started> => {
    const { promise, resolve } = Promise.withResolvers<Run>()
    waiting.add(resolve)
    const outcome = call(...asked)
    const run = await Promise.race([promise, outcome.then(() => undefined)])
    waiting.delete(resolve)
    return { outcome, run }
  }
  return { approvals, database, call, start, runs, pass }
}

/** The person who decides. */
export const by = { principal: 'person' }

/** `OK`, or the code. */
export const codeOf = (outcome: ToolOutcome): string => (outcome.success ? 'OK' : outcome.code)

/** The id that a call was told to ask a person for. */
export function askedId(outcome: ToolOutcome): string {
  expect(outcome).toMatchObject({ success: false, code: 'APPROVAL_NEEDED' })
  return outcome.success || !isJsonObject(outcome.details) ? '' : String(outcome.details['approvalId'])
}

/** A person says yes to what a call was refused for. */
export const approve = (approvals: Approvals, outcome: ToolOutcome) => approvals.decide(askedId(outcome), true, by)
