import type { Clock } from '../core/clock.ts'
import { isErrorCode } from '../core/error-table.ts'
import { isJsonObject } from '../core/json.ts'
import type { ToolCatalog, ToolOutcome } from '../tools/tool.ts'

/** One call that has ended. All words are from fixed sets: `tool` is `unknown` for a name that no tool has. */
export type ObservedCall = {
  readonly tool: string
  /** `success`, or the outcome of the failure. */
  readonly outcome: string
  /** `OK`, or the error code. */
  readonly code: string
  readonly seconds: number
}

export type ToolObserver = {
  readonly onCall: (call: ObservedCall) => void
  /** How many writes are under way now. */
  readonly onWrites: (inFlight: number) => void
  /** How many games are open now, as far as they went through here. */
  readonly onOpenGames: (open: number) => void
}

export type ObservedToolsDeps = {
  readonly catalog: ToolCatalog
  readonly clock: Pick<Clock, 'monotonicMs'>
  readonly observer: ToolObserver
}

/** The same catalogue, every call observed. */
export function observeTools({ catalog, clock, observer }: ObservedToolsDeps): ToolCatalog {
  const games = createOpenGames()
  let inFlight = 0

  return {
    ...catalog,
    async call(name, args, context) {
      const startMs = clock.monotonicMs()
      const { name: tool, effect } = catalog.find(name)?.description ?? unknown
      const isWrite = effect === 'write'
      if (isWrite) observer.onWrites(++inFlight)
      try {
        const outcome = await catalog.call(name, args, context)
        const seconds = (clock.monotonicMs() - startMs) / 1000
        observer.onCall({ tool, ...wordsOf(outcome), seconds })
        if (games.note(outcome)) observer.onOpenGames(games.count())
        return outcome
      } finally {
        if (isWrite) observer.onWrites(--inFlight)
      }
    },
  }
}

const unknown = { name: 'unknown', effect: undefined } as const

const succeeded = { outcome: 'success', code: 'OK' } as const

const wordsOf = (outcome: ToolOutcome): Pick<ObservedCall, 'outcome' | 'code'> =>
  outcome.success
    ? succeeded
    : { outcome: outcome.outcome, code: isErrorCode(outcome.code) ? outcome.code : 'INTERNAL_ERROR' }

const maxOpenGames = 100_000

/** Which games were in setup or playing when they were seen last. Beyond its bound it does not count further. */
function createOpenGames() {
  const open = new Set<string>()
  return {
    count: () => open.size,
    /** Did the count change? */
    note(outcome: ToolOutcome): boolean {
      if (!outcome.success || !isJsonObject(outcome.result)) return false
      const { gameId, machineState } = outcome.result
      if (typeof gameId !== 'string' || typeof machineState !== 'string') return false
      const before = open.size
      if (machineState === 'setup' || machineState === 'playing') {
        if (before < maxOpenGames) open.add(gameId)
      } else open.delete(gameId)
      return open.size !== before
    },
  }
}
