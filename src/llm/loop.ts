import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock } from '../core/clock.ts'
import { createEarlyCalls } from './_early-calls.ts'
import type { Answer } from './_question.ts'
import { ask } from './_question.ts'
import { runCalls } from './_run-calls.ts'
import { sentences } from './_sentences.ts'
import type { Over, Turn } from './_turn-state.ts'
import { openTurn, sayAndEnd } from './_turn-state.ts'
import { LlmBadResponseError, ToolsUnsupportedError } from './errors.ts'
import { withHeartbeat } from './heartbeat.ts'
import type { ToolCall } from './language-model.ts'
import { toPromptMessages } from './prompt-mode.ts'
import type { TurnEvent, TurnFinish, TurnLimits, TurnObserver, TurnRequest } from './turn.ts'
import { turnLimits } from './turn.ts'

export type LoopDeps = {
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly observe: TurnObserver
  readonly limits?: TurnLimits
}

/**
 * The loop between a model and tools, the same for every door: ask; no call means that the answer is final; else run the
 * calls in order, since two moves must not race, and ask again. Bounded in rounds and time, it ends exactly once. A
 * client that hangs up stops it at once, but for a tool call that runs: that one is followed to its end.
 * @returns events that end with `end`, or throw an error of errors.ts or the reason of `gone`
 */
export function createTurnRunner(deps: LoopDeps): (request: TurnRequest) => AsyncIterable<TurnEvent> {
  const { clock, limits = turnLimits } = deps
  const promptModels = createPromptModels(clock)
  return (request) =>
    withHeartbeat(runTurn(openTurn(request, { ...deps, limits }), promptModels), {
      everyMs: request.limits?.heartbeatMs ?? limits.heartbeatMs,
      clock,
    })
}

/** How long a model counts as one that takes no tools: it may be pulled anew, in a version that does. */
const PROMPT_MODE_MS = 300_000

/** Models that took no tools when they were last asked. */
function createPromptModels({ monotonicMs }: Pick<Clock, 'monotonicMs'>) {
  const untilMs = createBoundedMap<string, number>(1_000)
  return {
    has: (model: string): boolean => (untilMs.get(model) ?? Number.NEGATIVE_INFINITY) > monotonicMs(),
    add: (model: string): void => void untilMs.set(model, monotonicMs() + PROMPT_MODE_MS),
  }
}
type PromptModels = ReturnType<typeof createPromptModels>

async function* runTurn(turn: Turn, promptModels: PromptModels): AsyncGenerator<TurnEvent> {
  try {
    const { finish, handover = [] } = yield* converse(turn, promptModels)
    if (turn.isPromptCut) yield { type: 'text', text: `\n\n${sentences.promptCut}` }
    yield { type: 'end', finish, usage: turn.usage.total(), runs: turn.runs, handover }
  } finally {
    await turn.close()
  }
}

async function* converse(turn: Turn, promptModels: PromptModels): AsyncGenerator<TurnEvent, Over> {
  const { opening } = turn.request
  if (opening !== undefined) {
    const over = yield* runCalls(turn, [{ id: turn.newCallId(), name: opening.name, arguments: opening.args }], {
      content: '',
    })
    if (over !== undefined) return over
  }
  for (let round = 0; round < turn.limits.rounds; round++) {
    if (turn.halt.aborted) return yield* sayAndEnd(turn, 'time')
    const answer = yield* askOnce(turn, promptModels)
    if (answer === undefined) return yield* sayAndEnd(turn, 'time')
    const over = yield* follow(turn, answer)
    if (over !== undefined) return over
  }
  return yield* sayAndEnd(turn, 'rounds')
}

/** @returns undefined when the turn was told to stop while the model spoke */
async function* askOnce(turn: Turn, promptModels: PromptModels): AsyncGenerator<TurnEvent, Answer | undefined> {
  const { request, halt } = turn
  const { model, modelName, gone, beforeQuestion } = request
  turn.early = createEarlyCalls(turn)
  try {
    if (beforeQuestion !== undefined) turn.messages = await beforeQuestion(turn.messages)
    if (turn.tools.length > 0 && !promptModels.has(modelName) && (await takesNoTools(turn))) promptModels.add(modelName)
    return yield* question(turn, promptModels.has(modelName))
  } catch (error) {
    if (gone.aborted) throw gone.reason
    if (halt.aborted) return undefined
    if (error instanceof LlmBadResponseError && error.isCall) return unreadCall
    if (!(error instanceof ToolsUnsupportedError) || promptModels.has(modelName)) throw error
    promptModels.add(modelName)
    return yield* question(turn, true)
  }

  async function takesNoTools({ signal }: Turn): Promise<boolean> {
    // A probe that fails proves nothing: the question itself will tell.
    const { tools } = await model.capabilities(modelName, { signal }).catch(() => ({ tools: undefined }))
    return tools === false
  }
}

/** The model's own server could not read the call that it wrote. */
const unreadCall: Answer = {
  content: '',
  calls: [],
  repairs: [],
  broken: {},
  reason: 'stop',
  usage: { promptTokens: 0, outputTokens: 0, loadNs: 0, promptNs: 0, outputNs: 0 },
  isPromptCut: false,
}

function question(turn: Turn, isPromptMode: boolean): AsyncGenerator<TurnEvent, Answer> {
  const { request, tools, messages, signal } = turn
  const { model, modelName, rest } = request
  return ask({
    model,
    request: {
      model: modelName,
      messages: isPromptMode ? toPromptMessages(messages, tools) : messages,
      tools: isPromptMode ? [] : tools,
      rest,
    },
    toolNames: tools.map(({ name }) => name),
    newCallId: turn.newCallId,
    onCall: turn.early.begin,
    signal,
  })
}

/** What an answer leads to: the end of the turn, or, undefined, another question. */
async function* follow(turn: Turn, answer: Answer): AsyncGenerator<TurnEvent, Over | undefined> {
  const { observe } = turn
  turn.usage.add(answer.usage)
  turn.isPromptCut ||= answer.isPromptCut
  for (const kind of answer.repairs) observe.repair(kind)
  if (answer.calls.length === 0 && answer.broken === undefined) {
    const finish = finishOf(answer.reason)
    if (finish !== 'load') turn.join({ role: 'assistant', content: answer.content })
    return { finish }
  }
  const theirs = answer.calls.filter(({ name }) => turn.callersNames.has(name))
  if (theirs.length > 0) return yield* handOver(turn, answer, theirs)
  // A whole call before half of one does not run either: what the model meant is known when it is whole.
  if (answer.broken !== undefined) return yield* askAgain(turn, answer)
  return yield* runCalls(turn, answer.calls, answer)
}

const finishOf = (reason: string): TurnFinish =>
  reason === 'length' ? 'length' : reason === 'load' || reason === 'unload' ? 'load' : 'stop'

/**
 * The caller runs its own tools and asks again with their results. What we ran in the same round would be lost from its
 * history, and a write asked for again would be a second one: so only our reads run, and tell their result as text.
 */
async function* handOver(turn: Turn, answer: Answer, theirs: readonly ToolCall[]): AsyncGenerator<TurnEvent, Over> {
  const reads = answer.calls.filter((call) => !(theirs.includes(call) || turn.request.bench.isWrite(call.name)))
  const before = turn.runs.length
  const over = reads.length > 0 ? yield* runCalls(turn, reads, answer) : undefined
  for (const { tool, result } of turn.runs.slice(before)) {
    const { boardText } = result
    const told = typeof boardText === 'string' ? boardText : JSON.stringify(result).slice(0, 1_000)
    yield { type: 'text', text: `\n${tool}:\n${told}\n` }
  }
  return over ?? { finish: 'handover', handover: theirs }
}

/** Nothing of a call that is not whole may run: the model is told, twice at most. */
async function* askAgain(turn: Turn, { content, broken }: Answer): AsyncGenerator<TurnEvent, Over | undefined> {
  turn.observe.refusal('broken')
  if (turn.guard.unreadable(broken?.name) === 'stop') return yield* sayAndEnd(turn, 'unreadable')
  turn.join(
    { role: 'assistant', content },
    {
      role: 'user',
      content:
        'Your last message began a tool call that could not be read, so nothing was done. Send the whole call again, as one JSON object.',
    },
  )
  return undefined
}
