import type { ToolCatalog, ToolOutcome } from '../../src/tools/tool.ts'
import type { Sabotage } from './bridge.ts'

type Answer = (
  outcome: ToolOutcome,
  name: string,
  again: () => Promise<ToolOutcome>,
) => ToolOutcome | Promise<ToolOutcome>

/** A catalogue whose answers are tampered with. */
const telling = (tamper: Answer): Sabotage => ({
  catalog: (catalog: ToolCatalog): ToolCatalog => ({
    ...catalog,
    async call(name, args, context) {
      const { idempotencyKey: _, ...keyless } = context
      const again = () => catalog.call(name, args, { ...keyless, traceId: `${context.traceId}+` })
      return tamper(await catalog.call(name, args, context), name, again)
    },
  }),
})

const isOpen = (outcome: ToolOutcome) =>
  !outcome.success && (outcome.outcome === 'unknown' || outcome.outcome === 'pending')

/** Bridges that break one promise each, and the words in which that must be found. */
export const saboteurs: Readonly<Record<string, { readonly found: RegExp; readonly sabotage: () => Sabotage }>> = {
  'denies what it does not know': {
    found: /was told LEDGER_UNREACHABLE.*and it was applied/,
    sabotage: () =>
      telling((outcome) =>
        isOpen(outcome) && !outcome.success
          ? { ...outcome, code: 'LEDGER_UNREACHABLE', outcome: 'not_submitted' }
          : outcome,
      ),
  },
  'plays a wish twice': {
    found: /reset .*: done \d+ times, asked for \d+ times/,
    sabotage: () =>
      telling((outcome, name, again) => (name === 'ttt_reset_board' && outcome.success ? again() : outcome)),
  },
  'calls it done before it is seen': {
    found: /told done|was shown what never was/,
    sabotage: () =>
      telling((outcome, name) =>
        isOpen(outcome) && !outcome.success && name === 'ttt_reset_board'
          ? {
              success: true,
              traceId: outcome.traceId,
              result: { ...outcome.details, roundCount: 99, moveCount: 0, machineState: 'playing', board: [] },
            }
          : outcome,
      ),
  },
  'shows old boards': {
    found: /was shown rank \d+ after \d+/,
    sabotage: () => {
      let old: ToolOutcome | undefined
      return telling((outcome, name) => {
        if (outcome.success) old ??= outcome
        return name === 'ttt_get_state' && outcome.success && old !== undefined ? old : outcome
      })
    },
  },
  'sends before it writes': {
    found: /sent that was not written down/,
    sabotage: () => ({
      connection: ({ intents, ...rest }) => ({ ...rest, intents: { ...intents, prepare: async () => true } }),
    }),
  },
  'forgets its keys': {
    found: /was done twice|asked for \d+ times|another success/,
    sabotage: () => ({
      connection: ({ keys: _, ...rest }) => ({
        ...rest,
        keys: {
          claim: async () => ({ kind: 'ours', isTakenOver: false }),
          settle: async () => {},
          release: async () => {},
          leave: async () => {},
        },
      }),
    }),
  },
  'never settles': {
    found: /is open after/,
    sabotage: () => ({
      connection: ({ intents, ...rest }) => ({ ...rest, intents: { ...intents, settle: async () => {} } }),
    }),
  },
  'answers late': {
    found: /took [\d.]+ of \d+ ms/,
    sabotage: () => ({
      catalog: (catalog) => ({
        ...catalog,
        call: (name, args, { deadlineMs: _, ...rest }) => catalog.call(name, args, rest),
      }),
    }),
  },
  'has a bug': {
    found: /met a bug|a bug/,
    sabotage: () => ({
      connection: ({ intents, ...rest }) => ({
        ...rest,
        intents: { ...intents, owedIn: () => Promise.reject(new TypeError('undefined is not a function')) },
      }),
    }),
  },
}
