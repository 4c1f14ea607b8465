import { isDeepStrictEqual } from 'node:util'
import type { JsonValue } from '../core/json.ts'
import type { ToolRun } from './turn.ts'

/** What a turn says itself, where the model has no word any more. Each says what was done, so that nobody has to guess. */
export const sentences = {
  rounds: (runs: readonly ToolRun[]) => `This turn has used up its tool rounds. ${summary(runs)} Ask me to go on.`,
  time: (runs: readonly ToolRun[]) => `This turn has run out of time. ${summary(runs)} Ask me to go on.`,
  stopping: (runs: readonly ToolRun[]) => `The service is stopping. ${summary(runs)}`,
  stuck: (runs: readonly ToolRun[]) =>
    `The model repeats itself without getting further, so I stop here. ${summary(runs)}`,
  unreadable: (runs: readonly ToolRun[]) =>
    `The model keeps making tool calls that cannot be read, so I stop here. ${summary(runs)}`,
  promptCut: 'Note: this conversation fills the context of the model; it may have forgotten the beginning.',
}

/** The changes that succeeded, in order; a call that stuttered changed something once. */
function summary(runs: readonly ToolRun[]): string {
  const done = runs.filter((run, index) => run.success && run.isWrite && !isStutter(run, runs[index - 1]))
  if (done.length === 0) return 'Nothing was changed.'
  return `Done so far: ${done.map(({ tool, args }) => [tool, ...Object.values(args).flatMap(short)].join(' ')).join(', ')}.`
}

// The whole turn may be a retry whose every run is a replay: those were done, and are told.
const isStutter = ({ replayed, tool, args }: ToolRun, last: ToolRun | undefined): boolean =>
  replayed === true && last?.success === true && last.tool === tool && isDeepStrictEqual(last.args, args)

/** Ids are for machines. */
const short = (value: JsonValue): string[] =>
  (typeof value === 'string' && value.length <= 16) || typeof value === 'number' ? [String(value)] : []
