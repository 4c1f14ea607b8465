import { errorTable } from '../../core/error-table.ts'
import type { JsonObject, JsonValue } from '../../core/json.ts'
import { isJsonObject, member } from '../../core/json.ts'
import type { ProgressStep, ToolCallContext, ToolCatalog } from '../../tools/tool.ts'
import type { Refusal } from '../problem.ts'
import type { McpEra, McpIdentity, RpcAnswer } from './messages.ts'
import { metaKeys, metaOf, rpcCodes, rpcError, toResult } from './messages.ts'
import type { AskedCall, Question, Questions } from './questions.ts'
import { answerOf, toInputRequired } from './questions.ts'
import { isDestructive, titleOf, toCallResult, toErrorResult } from './tools.ts'

/** Says that a person agreed to a write that waits for one; false when it waits no more. */
export type Approve = (approvalId: string, principal: string) => Promise<boolean>

export type McpCallDeps = {
  readonly tools: ToolCatalog
  readonly questions: Questions
  readonly identity: McpIdentity
  /** Without it, a write that needs a person is only pointed out. */
  readonly approve?: Approve | undefined
  /** May whoever has this name say it? Else it is only pointed out too. */
  readonly mayDecide: (principal: string) => boolean
}

/** One `tools/call`. */
export type McpCall = {
  readonly era: McpEra
  readonly params: JsonObject
  readonly context: ToolCallContext
  /** `http://host:port` as the caller named the service. */
  readonly baseUrl: string
  /** Sends a notification before the answer. */
  readonly notify: (message: JsonObject) => void
}

/** Answers `tools/call`. What destroys something is asked about first, where the client can ask its user. */
export type AnswerCall = (call: McpCall) => Promise<RpcAnswer>

export function createAnswerCall({ tools, questions, identity, approve, mayDecide }: McpCallDeps): AnswerCall {
  const destructive = new Set(tools.list().flatMap((tool) => (isDestructive(tool) ? [tool.name] : [])))
  const writes = new Set(tools.list().flatMap(({ name, effect }) => (effect === 'write' ? [name] : [])))

  const ask = (asked: AskedCall, question: Question, era: McpEra): RpcAnswer => {
    const message = question.approvalId === undefined ? destructionText(asked) : approvalText(asked)
    return toResult(era, identity, toInputRequired(message, titleOf(asked.tool), questions.open(asked, question)))
  }

  /** `agreed`: a person has said yes to this very call. */
  const run = async (call: McpCall, asked: AskedCall, agreed: boolean): Promise<RpcAnswer> => {
    const { era, context } = call
    const onProgress = writes.has(asked.tool) ? progressOf(call) : undefined
    const attempt = () => tools.call(asked.tool, asked.args, { ...context, ...(onProgress ? { onProgress } : {}) })
    let outcome = await attempt()
    if (!outcome.success && outcome.code === 'APPROVAL_NEEDED') {
      const { approvalId } = outcome.details
      const canApprove = approve !== undefined && typeof approvalId === 'string' && mayDecide(asked.principal)
      if (canApprove && !agreed && canAsk(call)) return ask(asked, { approvalId }, era)
      if (canApprove && agreed && (await approve(approvalId, asked.principal))) outcome = await attempt()
      else return toResult(era, identity, toErrorResult(pointedOut(outcome, call.baseUrl)))
    }
    if (!outcome.success && outcome.code === 'UNKNOWN_TOOL')
      return rpcError(rpcCodes.invalidParams, `Unknown tool: ${asked.tool.slice(0, 128)}`, outcome.details)
    return toResult(era, identity, toCallResult(outcome))
  }

  /** Goes on where a question was asked. */
  const goOn = async (call: McpCall, asked: AskedCall, state: JsonValue): Promise<RpcAnswer> => {
    const question = typeof state === 'string' ? questions.take(state, asked) : undefined
    if (question === undefined) return staleState
    const { era, params, context } = call
    const answer = answerOf(member(params, 'inputResponses'))
    if (answer === 'unsaid' && canAsk(call)) return ask(asked, question, era)
    if (answer !== 'yes') return toResult(era, identity, toErrorResult(declined(context.traceId)))
    const { approvalId } = question
    if (approvalId !== undefined && !(await approve?.(approvalId, asked.principal))) return staleState
    return run(call, asked, true)
  }

  return async (call) => {
    const { params, context } = call
    const name = member(params, 'name')
    const args = member(params, 'arguments') ?? {}
    if (typeof name !== 'string') return rpcError(rpcCodes.invalidParams, 'params.name is not a string')
    if (!isJsonObject(args)) return rpcError(rpcCodes.invalidParams, 'params.arguments is not an object')
    const asked = { tool: name, args, principal: context.principal }
    const state = member(params, 'requestState')
    if (state !== undefined) return goOn(call, asked, state)
    if (destructive.has(name) && canAsk(call)) return ask(asked, {}, call.era)
    return run(call, asked, false)
  }
}

/**
 * Clients of the legacy era are never asked: their answer would come in a request of its own, and without a session
 * nothing ties it to this call. A bare `elicitation: {}` means forms.
 */
function canAsk({ era, params }: McpCall): boolean {
  const capabilities = metaOf(params)[metaKeys.capabilities]
  const elicitation = isJsonObject(capabilities) ? capabilities['elicitation'] : undefined
  if (era === 'legacy' || !isJsonObject(elicitation)) return false
  return isJsonObject(elicitation['form']) || Object.keys(elicitation).length === 0
}

const steps: Readonly<Record<ProgressStep, readonly [progress: number, message: string]>> = {
  signing: [1, 'checking and signing'],
  submitted: [2, 'sent, waiting for the ledger'],
  accepted: [3, 'taken, waiting to be seen'],
  confirmed: [4, 'on the ledger'],
}

/** Tells each step once and in order, if the caller gave a token; a call that is made a second time starts no new count. */
function progressOf({ params, notify }: McpCall): ToolCallContext['onProgress'] {
  const { progressToken } = metaOf(params)
  if (typeof progressToken !== 'string' && typeof progressToken !== 'number') return undefined
  let told = 0
  return (step) => {
    const [progress, message] = steps[step]
    if (progress <= told) return
    told = progress
    const total = Object.keys(steps).length
    notify({
      jsonrpc: '2.0',
      method: 'notifications/progress',
      params: { progressToken, progress, total, message },
    })
  }
}

const gameOf = ({ args }: AskedCall): string => {
  const id = args['gameId'] ?? args['machineId'] ?? args['oracleId']
  return typeof id === 'string' ? `game ${id.slice(0, 64)}` : 'the game'
}

const destructionText = (asked: AskedCall): string =>
  `${titleOf(asked.tool)}: ${gameOf(asked)}? This is signed and cannot be undone.`

const approvalText = ({ tool, args }: AskedCall): string =>
  `${titleOf(tool)}: sign ${tool} with ${JSON.stringify(args).slice(0, 800)}?`

const staleState = rpcError(
  rpcCodes.invalidParams,
  'Invalid or expired requestState: nothing was done. Make the call again without it.',
  { reason: 'invalid_request_state' },
)

const declined = (traceId: string): Refusal => ({
  success: false,
  error: 'not done: the user declined',
  code: 'APPROVAL_DECLINED',
  ...errorTable.APPROVAL_DECLINED,
  details: {},
  traceId,
})

/** Where a person can say yes, for a client that cannot ask one. */
function pointedOut(outcome: Refusal, baseUrl: string): Refusal {
  const { approvalId } = outcome.details
  if (typeof approvalId !== 'string') return outcome
  return { ...outcome, error: `needs approval: ${baseUrl}/otto/approvals/${encodeURIComponent(approvalId)}` }
}
