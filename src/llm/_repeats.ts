import type { JsonObject } from '../core/json.ts'

/** One text for calls that are the same, in whatever order their arguments were written. */
export const callKey = (name: string, args: JsonObject): string =>
  JSON.stringify([name, Object.entries(args).toSorted(([one], [other]) => (one < other ? -1 : 1))])

/** What the guard says to a call. */
export type Verdict = 'run' | 'refuse' | 'stop'

/** The same answer to the same call: twice it may come, the third time is refused, the fourth ends the turn. */
const SAME_ANSWERS = 3
/** Calls of one tool that could not be taken: two are refused, the third ends the turn. */
const UNREADABLE = 2

/**
 * Keeps a model from running in circles. A changed answer starts the count anew: asking again for what changes is fine.
 * Names that no tool has count together, whatever they are.
 */
export function createRepeatGuard() {
  const answers = new Map<string, { readonly answer: string; readonly times: number }>()
  const unreadable = new Map<string, number>()
  return {
    /** Before a call is run. */
    before(call: string): Verdict {
      return (answers.get(call)?.times ?? 0) >= SAME_ANSWERS ? 'stop' : 'run'
    },
    /** After it has answered: is this the third time that it says the same? */
    after(call: string, answer: string): Verdict {
      const known = answers.get(call)
      const times = known?.answer === answer ? known.times + 1 : 1
      answers.set(call, { answer, times })
      return times >= SAME_ANSWERS ? 'refuse' : 'run'
    },
    /** A call of this tool could not be taken; undefined for a name that no tool has. */
    unreadable(tool: string | undefined): Verdict {
      const times = (unreadable.get(tool ?? '') ?? 0) + 1
      unreadable.set(tool ?? '', times)
      return times > UNREADABLE ? 'stop' : 'refuse'
    },
  }
}
