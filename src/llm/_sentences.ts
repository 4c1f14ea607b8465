import { isDeepStrictEqual } from 'node:util'
import type { JsonValue } from '../core/json.ts'
import { isFateOpen } from './open-fate.ts'
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

/** The changes that succeeded, in order, and those whose fate is open; a call that stuttered changed something once. */
function summary(runs: readonly ToolRun[]): string {
  const done = runs.filter((run, index) => run.success && run.isWrite && !isStutter(run, runs[index - 1]))
  const open = runs.filter(isFateOpen)
  return [
    ...(done.length > 0 ? [`Done so far: ${listOf(done)}.`] : []),
    ...(open.length > 0 ? [`It is not known yet what became of ${listOf(open)}: read the board first.`] : []),
    ...(done.length + open.length === 0 ? ['Nothing was changed.'] : []),
  ].join(' ')
}

const listOf = (runs: readonly ToolRun[]): string =>
  runs.map(({ tool, args }) => [tool, ...Object.values(args).flatMap(short)].join(' ')).join(', ')

// The whole turn may be a retry whose every run is a replay: those were done, and are told.
const isStutter = ({ replayed, tool, args }: ToolRun, last: ToolRun | undefined): boolean =>
  replayed === true && last?.success === true && last.tool === tool && isDeepStrictEqual(last.args, args)

/** Ids are for machines. */
const short = (value: JsonValue): string[] =>
  (typeof value === 'string' && value.length <= 16) || typeof value === 'number' ? [String(value)] : []
