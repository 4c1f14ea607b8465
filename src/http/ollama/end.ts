import type { JsonObject } from '../../core/json.ts'
import type { ToolRun, TurnEvent, TurnFinish, TurnUsage } from '../../llm/turn.ts'

/** How a turn ended. */
export type TurnEnd = Extract<TurnEvent, { type: 'end' }>

/**
 * The members that only the last line has: the reason in Ollama's words, and counts, absent where they are zero.
 * @see Ollama api/types.go, Metrics
 */
export function toEndMembers({ finish, usage }: TurnEnd): JsonObject {
  const counts = {
    total_duration: usage.totalNs,
    load_duration: usage.loadNs,
    prompt_eval_count: usage.lastPromptTokens, // clients take it for how full the context is
    prompt_eval_duration: usage.promptNs,
    eval_count: usage.outputTokens,
    eval_duration: usage.outputNs,
  }
  return {
    done: true,
    done_reason: reasonOf(finish),
    ...Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0)),
  }
}

// Every bound of ours is a `stop`: after `length` clients offer to go on, which plays the turn again.
const reasonOf = (finish: TurnFinish): string => (finish === 'length' || finish === 'load' ? finish : 'stop')

/** Of the report of runs: it is part of one line, which stays below 64 KiB. */
const maxReportBytes = 48_000

/**
 * What ran, oldest first, for `/generate`. Where it grows too long, earlier runs lose arguments and result (`cut`), and
 * in the end are left out.
 */
export function toRunReport(runs: readonly ToolRun[]): JsonObject[] {
  const report: JsonObject[] = []
  const room = { bytes: maxReportBytes }
  for (const run of runs.toReversed()) {
    const fitting = [whole(run), short(run)].find((entry) => sizeOf(entry) <= room.bytes)
    if (fitting === undefined) break
    room.bytes -= sizeOf(fitting)
    report.push(fitting)
  }
  return report.reverse()
}

const sizeOf = (entry: JsonObject): number => Buffer.byteLength(JSON.stringify(entry)) + 1

const whole = ({ id, tool, args, success, ms, result, replayed }: ToolRun): JsonObject => ({
  id,
  tool,
  args,
  success,
  ms,
  result,
  ...(replayed ? { replayed } : {}),
})

const short = ({ id, tool, success, ms }: ToolRun): JsonObject => ({
  id: id.slice(0, 64),
  tool: tool.slice(0, 128),
  success,
  ms,
  cut: true,
})

/** The end of a turn that nobody else can end: the model needs no loading, or broke off after something was signed. */
export const endWith = (finish: 'stop' | 'load', runs: readonly ToolRun[] = []): TurnEnd => ({
  type: 'end',
  finish,
  usage: noUsage,
  runs,
  handover: [],
})

const noUsage: TurnUsage = {
  promptTokens: 0,
  outputTokens: 0,
  loadNs: 0,
  promptNs: 0,
  outputNs: 0,
  lastPromptTokens: 0,
  totalNs: 0,
  rounds: 0,
}
