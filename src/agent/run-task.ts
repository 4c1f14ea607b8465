import type { BudgetScope, Budgets } from '../budget/budget.ts'
import { nanoUsdPerUsd } from '../budget/budget.ts'
import type { LimitModelDeps } from '../budget/limit-model.ts'
import { limitModel } from '../budget/limit-model.ts'
import type { UsageBook } from '../budget/usage-ledger.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { ChatMessage, LanguageModel } from '../llm/language-model.ts'
import type { TurnEvent, TurnFinish, TurnRequest } from '../llm/turn.ts'
import type { KillSwitch } from '../policy/kill-switch.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { ArtifactStore } from '../session/artifact.ts'
import type { Redactor } from '../session/redact.ts'
import { createTranscript } from '../session/transcript.ts'
import type { Publish, WorkIds } from '../telemetry/event.ts'
import type { AgentContext, ToolBus } from '../tools/tool.ts'
import { createAgentBench } from './_bench.ts'
import { keepAll, openNumbered } from './_keep.ts'
import { openStop } from './_stop.ts'
import { createSumming } from './_summing.ts'
import { leftOf, limitsOf, pathOf, toNanoUsd } from './_task-budget.ts'
import { endOf } from './_task-end.ts'
import type { TaskCaller, TaskResult, TaskSpec } from './agent.ts'
import type { AgentSpec } from './agent-spec.ts'
import type { RunTurn } from './isolated-turns.ts'
import type { SessionMemory } from './session-memory.ts'

/** What every task of one agent needs. */
export type AgentParts = {
  readonly spec: AgentSpec
  readonly model: LanguageModel
  readonly runTurn: RunTurn
  readonly sandbox: Sandbox
  readonly redactor: Redactor
  readonly tools: Pick<ToolBus, 'call' | 'find' | 'grants'>
  readonly budgets: Budgets
  readonly prices: LimitModelDeps['prices']
  readonly usage: Pick<UsageBook, 'record' | 'entry'>
  readonly day: () => BudgetScope
  readonly artifacts: ArtifactStore
  readonly memory: SessionMemory
  readonly kill: Pick<KillSwitch, 'isOn' | 'onChange'>
  readonly publish: Publish
  readonly clock: Clock
  readonly log: Log
  /** Rules for the tools at hand, which go in whatever the system prompt says. */
  readonly rulesFor: (toolNames: readonly string[]) => string | undefined
}

/** A task that is about to run. `interrupt` fires when the service stops. */
export type RunningTask = {
  readonly taskId: string
  readonly sessionId: string
  readonly task: TaskSpec
  readonly caller: TaskCaller
  readonly interrupt: AbortSignal
}

/** What is counted while a task runs. */
type Tally = { inputTokens: number; outputTokens: number; nanoUsd: number; modelCalls: number; toolCalls: number }

/**
 * Runs one task: the agent's prompt and what was said before, the loop, its tools, inside its budgets. Whatever happens,
 * it ends with a result; only what keeps it from being written down before it begins is thrown.
 * @throws StorageUnavailableError
 */
export async function runTask(parts: AgentParts, running: RunningTask): Promise<TaskResult> {
  const work = await open(parts, running)
  const turn = await follow(parts.runTurn(toRequest(parts, work)), running.caller)
  work.stopping.close()
  // The loop tells of an answer that ended; what broke off was said all the same.
  const hasEnded = turn.finish === 'stop' || turn.finish === 'length'
  if (!hasEnded && turn.text !== '') work.note({ role: 'assistant', content: turn.text })
  const result = conclude(parts, work, turn)
  parts.budgets.end('task', running.taskId)
  const { history, said, number, transcript } = work
  const deps = { ...parts, keep: parts.spec.transcript.keep }
  return { ...result, artifacts: await keepAll(deps, { result, number, transcript, messages: [...history, ...said] }) }
}

type Work = Awaited<ReturnType<typeof open>>

/** Everything that is written down or begins to count before the model is asked. */
async function open(parts: AgentParts, running: RunningTask) {
  const { spec, artifacts, memory, clock, redactor } = parts
  const { taskId, sessionId, task, caller, interrupt } = running
  const startMs = clock.monotonicMs()
  const limits = limitsOf(spec, task)
  const { number, stream } = await openNumbered(artifacts, running)
  const transcript = createTranscript({ keep: spec.transcript.keep, redactor, stream, clock })
  const said: ChatMessage[] = []
  const note = (message: ChatMessage): void => {
    said.push(message)
    transcript.add(message)
  }
  note({ role: 'user', content: task.input })
  const tally: Tally = { inputTokens: 0, outputTokens: 0, nanoUsd: 0, modelCalls: 0, toolCalls: 0 }
  return {
    running,
    ids: idsOf(parts, running),
    limits,
    path: pathOf({ spec, day: parts.day(), sessionId, taskId, limits }),
    number,
    transcript,
    history: await memory.read(sessionId, spec.name),
    said,
    note,
    tally,
    stopping: openStop({ ...parts, cancelled: caller.signal, interrupted: interrupt, timeMs: limits.timeMs }),
    spentMs: (): number => clock.monotonicMs() - startMs,
    leftMs: (): number => limits.timeMs - (clock.monotonicMs() - startMs),
  }
}

/** Of a tool's answer as the model reads it: a file of some pages. The rest is there for a second call. */
const maxAnswerBytes = 32 * 1024

/** The turn as the loop takes it: the limited model, the granted tools, what was said before. */
function toRequest(
  parts: AgentParts,
  { running, ids, limits, path, tally, stopping, leftMs, history, note }: Work,
): TurnRequest {
  const { spec, budgets, clock } = parts
  const { caller, taskId, task } = running
  const model = limitModel(parts.model, {
    ...parts,
    provider: spec.provider,
    path: () => path,
    ids,
    usage: counted(parts.usage, tally),
    maxOutputTokens: spec.max_tokens,
  })
  const remaining = () => ({ ...leftOf(budgets, path), ms: leftMs() })
  const bench = createAgentBench({
    ...parts,
    context: toContext(parts, { ids, remaining }),
    traceId: caller.traceId,
    principal: `agent:${spec.name}`,
    taskId,
    signal: stopping.cut,
    leftMs,
    monotonicMs: clock.monotonicMs,
    onCall: (call) => {
      tally.toolCalls += 1
      caller.onEvent?.({ type: 'tool', ...call })
    },
  })
  return {
    model,
    modelName: spec.model,
    messages: [{ role: 'system', content: systemPrompt(parts) }, ...history, { role: 'user', content: task.input }],
    rest: spec.temperature === undefined ? {} : { options: { temperature: spec.temperature } },
    bench,
    callersTools: [],
    gone: stopping.gone,
    stop: stopping.signal,
    limits: {
      rounds: spec.max_rounds,
      turnMs: limits.timeMs,
      writeNeedsMs: Math.min(10_000, limits.timeMs / 10),
      answerBytes: maxAnswerBytes,
    },
    isEager: true,
    endsSilently: true,
    beforeQuestion: createSumming({ model, spec, clock, stop: stopping.signal }),
    onMessage: note,
  }
}

function toContext(
  { spec, tools, sandbox }: AgentParts,
  { ids, remaining }: { readonly ids: WorkIds; readonly remaining: AgentContext['budget']['remaining'] },
): AgentContext {
  return {
    agentId: spec.name,
    grants: new Set(tools.grants(spec.name)),
    permissions: new Set(spec.permissions),
    scopes: new Set(spec.scopes),
    ids,
    sandbox,
    budget: { remaining },
    commands: spec.test_profiles,
  }
}

/** What came of the turn, without its files. */
function conclude(
  parts: AgentParts,
  { running, ids, limits, path, tally, stopping, spentMs }: Work,
  turn: Followed,
): TaskResult {
  const { spec, budgets, redactor, log } = parts
  const { taskId, sessionId } = running
  const isSpent = hasNoRoom(leftOf(budgets, path), spec.max_tokens)
  const end = endOf({ ...turn, told: stopping.told(), isSpent, taskId, timeMs: limits.timeMs })
  if (turn.thrown !== undefined && end.error?.code === 'INTERNAL_ERROR')
    log.error({ err: turn.thrown, ...ids }, 'a bug in a task')
  const { nanoUsd, ...counts } = tally
  return {
    taskId,
    sessionId,
    agentId: spec.name,
    ...end,
    error: end.error && { ...end.error, message: redactor.text(end.error.message) },
    output: redactor.text(turn.text),
    usage: { ...counts, costUsd: nanoUsd / nanoUsdPerUsd, ms: Math.round(spentMs()) },
    artifacts: [],
  }
}

const idsOf = ({ spec }: AgentParts, { taskId, sessionId, task, caller }: RunningTask): WorkIds => ({
  traceId: caller.traceId,
  taskId,
  sessionId,
  agentId: spec.name,
  ...(task.workflowId === undefined ? {} : { workflowId: task.workflowId }),
})

function systemPrompt({ spec, tools, rulesFor }: AgentParts): string {
  const rules = rulesFor(tools.grants(spec.name))
  return rules === undefined ? spec.system_prompt : `${spec.system_prompt.trimEnd()}\n\n${rules}`
}

type Followed = {
  /** The last words of the agent: what came after the last tool. */
  readonly text: string
  readonly finish: TurnFinish | undefined
  readonly thrown: unknown
}

/** Reads a turn to its end, however that comes. */
async function follow(events: AsyncIterable<TurnEvent>, caller: TaskCaller): Promise<Followed> {
  let text = ''
  let finish: TurnFinish | undefined
  try {
    for await (const event of events) {
      if (event.type === 'text') {
        text += event.text
        caller.onEvent?.({ type: 'text', text: event.text })
      } else if (event.type === 'call' || event.type === 'result') text = ''
      else if (event.type === 'end') finish = event.finish
    }
    return { text: text.trim(), finish, thrown: undefined }
  } catch (thrown) {
    return { text: text.trim(), finish, thrown }
  }
}

/** The same book; what goes into it is counted for the task. */
const counted = ({ record, entry }: AgentParts['usage'], tally: Tally): AgentParts['usage'] => {
  const count = (row: Parameters<typeof record>[0]): void => {
    tally.modelCalls += 1
    tally.inputTokens += row.inputTokens
    tally.outputTokens += row.outputTokens
    tally.nanoUsd += row.nanoUsd
  }
  return {
    record(row) {
      count(row)
      record(row)
    },
    entry(row) {
      count(row)
      return entry(row)
    },
  }
}

/** An answer that was cut where the budget ends is one that the budget stopped. */
const hasNoRoom = ({ tokens, costUsd }: ReturnType<typeof leftOf>, wanted: number): boolean =>
  (tokens !== undefined && tokens < wanted) || (costUsd !== undefined && toNanoUsd(costUsd) <= 0)
