import type { DestinationStream, LevelWithSilent, Logger } from 'pino'
import { pino } from 'pino'
import { currentIds } from '../telemetry/work-ids.ts'

/** What the service says, one line of JSON each: a line of a task names the task, its agent, workflow and session. */
export function openLog(level: LevelWithSilent, to?: DestinationStream): Logger {
  const options = { level, mixin: (_: object, __: number, logger: Logger) => idsFor(logger) }
  return to === undefined ? pino(options) : pino(options, to)
}

/** Ids that the logger has already are not written twice: a name stands once in a line. */
function idsFor(logger: Logger): object {
  const ids = Object.entries(currentIds())
  if (ids.length === 0) return {}
  const bound = logger.bindings()
  return Object.fromEntries(ids.filter(([name]) => !Object.hasOwn(bound, name)))
}
