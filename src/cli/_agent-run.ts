import type { TaskResult as Result } from '../agent/agent.ts'
import { TaskEstimate, TaskResult } from '../agent/agent.ts'
import { AgentNotFoundError } from '../agent/errors.ts'
import type { JsonObject } from '../core/json.ts'
import { FeatureDisabledError } from '../policy/errors.ts'
import { agentsHere } from './_agent-files.ts'
import { findService } from './_find-service.ts'
import { withSomeModel } from './_play-model.ts'
import { printable, printableText } from './_printable.ts'
import type { CommandContext } from './command.ts'

/** What an agent is to do, and within which bounds. */
export type AskedTask = {
  readonly agent: string
  readonly input: string
  readonly sessionId: string | undefined
  readonly budgets: { readonly time?: number; readonly tokens?: number; readonly cost_usd?: number }
  readonly isEstimate: boolean
  readonly isJson: boolean
  readonly url: string | undefined
}

/** No agent may take longer for a task (`budgets.time`), seconds; and how long its answer may be on its way. */
const longestTask = 86_400
const marginMs = 60_000

/**
 * Gives a task to an agent of the service that is named, or runs here, or is started for it, and prints what came of it.
 * @returns the exit code: 0 when it was completed
 * @throws CallFailedError with the words of the service, AgentNotFoundError, FeatureDisabledError
 */
export async function runAgent(task: AskedTask, context: CommandContext): Promise<number> {
  const service = await findService(task.url, context, (started) => settingsFor(task.agent, started, context))
  try {
    const path = `/api/v1/agents/${encodeURIComponent(task.agent)}/invoke`
    const { input, sessionId, budgets } = task
    const body: JsonObject = { input, ...(sessionId === undefined ? {} : { sessionId }), budgets }
    if (task.isEstimate) {
      const estimate = await service.read(`${path}?estimate=true`, TaskEstimate, { body })
      for (const line of task.isJson ? [JSON.stringify(estimate)] : estimateLines(estimate)) context.out(line)
      return 0
    }
    const timeoutMs = (budgets.time ?? longestTask) * 1_000 + marginMs
    return tell(await service.read(path, TaskResult, { body, timeoutMs }), task, context)
  } finally {
    await service.close()
  }
}

/** A service of our own has agents, unless it was told not to, and a model for this one, if only a script. */
async function settingsFor(
  name: string,
  started: AsyncDisposableStack,
  context: CommandContext,
): Promise<CommandContext['env']> {
  const { env, err } = context
  if (env['OTTO_ENABLED'] === 'false' || env['OTTO_ENABLED'] === 'off') throw new FeatureDisabledError()
  const enabled = { ...env, OTTO_ENABLED: 'true' }
  const { agents } = await agentsHere(enabled)
  const agent = agents.find(({ spec }) => spec.name === name)
  if (agent === undefined) throw new AgentNotFoundError(agents.map(({ spec }) => spec.name))
  if (agent.spec.provider !== 'ollama') return enabled
  const asked = { ...enabled, OTTO_MODEL_PROVIDER: 'ollama' }
  return started.use(await withSomeModel({ ...context, env: asked, out: err }, [agent.spec.model])).env
}

function tell(result: Result, { isJson }: AskedTask, { out, err }: CommandContext): number {
  const { status, stopped, output, error } = result
  if (isJson) out(JSON.stringify(result, null, 2))
  else {
    if (output !== '') out(printableText(output))
    for (const line of endLines(result)) out(line)
  }
  if (status === 'COMPLETED') return 0
  const why = stopped === null ? '' : ` (stopped: ${stopped})`
  const what = error === null ? 'It ended before it was done.' : `${error.code}: ${error.message} ${error.hint}`
  err(`otto agent: ${status}${why}: ${printable(what)}`)
  return 1
}

function endLines({ sessionId, usage, artifacts }: Result): readonly string[] {
  const { inputTokens, outputTokens, costUsd, modelCalls, toolCalls, ms } = usage
  return [
    '',
    `tokens ${inputTokens} in, ${outputTokens} out; ${dollars(costUsd)}; ${ms} ms; model calls ${modelCalls}, tool calls ${toolCalls}`,
    `session ${printable(sessionId)}`,
    ...artifacts.map(({ path }) => `artifact ${printable(path)}`),
  ]
}

function estimateLines({ promptTokens, maxOutputTokens, firstCallUsd, limits }: TaskEstimate): readonly string[] {
  const { timeMs, tokens, costUsd } = limits
  return [
    `first call  ${promptTokens} tokens in, at most ${maxOutputTokens} out`,
    `costs       ${firstCallUsd === null ? 'unknown: the model has no price' : `at most ${dollars(firstCallUsd)}`}`,
    `bounds      ${timeMs / 1_000} s, ${tokens ?? 'any'} tokens, ${costUsd === null ? 'any cost' : dollars(costUsd)}`,
  ]
}

/** To the millionth: single calls cost less than a cent. */
const dollars = (usd: number): string => `$${usd.toFixed(6)}`
