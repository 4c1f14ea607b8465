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

/** The changes that succeeded, in order. */
function summary(runs: readonly ToolRun[]): string {
  const done = runs.filter(({ success, isWrite }) => success && isWrite)
  if (done.length === 0) return 'Nothing was changed.'
  return `Done so far: ${done.map(({ tool, args }) => [tool, ...Object.values(args).flatMap(short)].join(' ')).join(', ')}.`
}

/** Ids are for machines. */
const short = (value: JsonValue): string[] =>
  (typeof value === 'string' && value.length <= 16) || typeof value === 'number' ? [String(value)] : []
