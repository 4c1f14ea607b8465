import { hash } from 'node:crypto'
import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { AgentRecord, Agents, BegunWork, TaskSpec } from '../../agent/agent.ts'
import { TaskResult } from '../../agent/agent.ts'
import type { JsonObject } from '../../core/json.ts'
import { RequestKeyInvalidError } from '../../tools/errors.ts'
import type { KeyedRun, RequestKeys } from '../../tools/request-keys.ts'
import { clientSignal } from '../client-signal.ts'
import { takeJsonBodies } from '../json-body.ts'
import { preferencesOf } from '../prefer.ts'
import { toRefusal } from '../problem.ts'
import { parseBody, parseQuery } from '../query.ts'
import { sendProblem } from '../send.ts'

export type AgentRoutesDeps = {
  /** @throws FeatureDisabledError where agents do not run */
  readonly agents: () => Agents
  readonly keys: () => RequestKeys
  readonly principalOf: (request: FastifyRequest) => string
  readonly maxBodyBytes: number
}

/** The body of `POST /api/v1/agents/:id/invoke`. */
export const Invocation = z.strictObject({
  input: z.string().min(1).max(100_000).describe('What the agent is to do.'),
  sessionId: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, dot, underscore and dash')
    .optional()
    .describe('Goes on with a session; a new one without it.'),
  budgets: z
    .strictObject({
      time: z.number().positive().max(86_400).optional().describe('Seconds.'),
      tokens: z.int().min(0).optional(),
      cost_usd: z.number().min(0).optional(),
    })
    .optional()
    .describe("Bounds for this task; they only lower the agent's own."),
})

/** `GET /api/v1/agents`. */
export const AgentList = z.object({
  agents: z.array(
    z.object({
      id: z.string(),
      description: z.string(),
      provider: z.string(),
      model: z.string(),
      tools: z.array(z.string()),
      permissions: z.array(z.string()),
      isolation: z.string(),
      state: z.enum(['declared', 'idle', 'running', 'failed', 'stopped']),
      running: z.int(),
      waiting: z.int(),
      restarts: z.int(),
    }),
  ),
})

/** The answer to `Prefer: respond-async`. */
export const Begun = z.object({ taskId: z.string(), sessionId: z.string(), status: z.literal('RUNNING') })

const EstimateQuery = z.strictObject({ estimate: z.enum(['true', 'false']).default('false') })

const hint = 'Send {"input": "what to do"}; sessionId and budgets {time, tokens, cost_usd} may stand beside it.'

/** Agents: who there are, and one task for one of them. */
export const agentRoutes =
  ({ agents, keys, principalOf, maxBodyBytes }: AgentRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    takeJsonBodies(instance, { maxBodyBytes })

    instance.get('/api/v1/agents', async (): Promise<z.output<typeof AgentList>> => {
      return { agents: agents().list().map(toListed) }
    })

    instance.post<{ Params: { id: string } }>('/api/v1/agents/:id/invoke', async (request, reply) => {
      const { id } = request.params
      const task = toTask(parseBody(Invocation, request.body, hint))
      const { estimate } = parseQuery(EstimateQuery, request.query, 'Use estimate=true, or leave it out.')
      if (estimate === 'true') return agents().estimate(id, task)
      const isAsync = preferencesOf(request.headers).respondAsync
      const signal = isAsync ? nobodyHangsUp : clientSignal(reply)
      const caller = { traceId: request.id, principal: principalOf(request), signal }
      const answer = async (): Promise<Answer> =>
        isAsync ? toBegun(await agents().begin(id, task, caller)) : agents().invoke(id, task, caller)
      const key = request.headers['idempotency-key']
      if (key === undefined) return sendAnswer(reply, await answer())
      const asked = {
        principal: caller.principal,
        key: parseKey(key),
        fingerprint: hash('sha256', JSON.stringify(['invoke', isAsync, id, task])),
      }
      const { outcome } = await keys().run(asked, () => runKeyed(answer, request), signal)
      return outcome.success ? sendAnswer(reply, Answer.parse(outcome.result)) : sendProblem(reply, outcome)
    })
  }

/** What came of a task, or, told at once, that it runs. */
const Answer = z.union([TaskResult, Begun])
type Answer = z.output<typeof Answer>

const nobodyHangsUp = new AbortController().signal

const toBegun = ({ taskId, sessionId }: BegunWork): Answer => ({ taskId, sessionId, status: 'RUNNING' })

/** As tools take it. @throws RequestKeyInvalidError */
function parseKey(header: string | readonly string[]): string {
  const key = String(header)
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) throw new RequestKeyInvalidError()
  return key
}

/** A refusal means that nothing was begun: then the key is free again. */
async function runKeyed(answer: () => Promise<Answer>, { id: traceId, log }: FastifyRequest): Promise<KeyedRun> {
  try {
    const answered = await answer()
    // The cast holds: an answer is JSON.
    const result = answered as unknown as JsonObject
    // Who hung up and asks again wants it done.
    return { outcome: { success: true, result, traceId }, ends: answered.status === 'CANCELLED' ? 'nothing' : 'final' }
  } catch (error) {
    return { outcome: toRefusal(error, { traceId, log }), ends: 'nothing' }
  }
}

/** A task that is under way is 202; its session tells how it goes on. */
function sendAnswer(reply: FastifyReply, answer: Answer): FastifyReply {
  if (answer.status !== 'RUNNING') return reply.send(answer)
  return reply
    .code(202)
    .header('preference-applied', 'respond-async')
    .header('location', `/api/v1/sessions/${encodeURIComponent(answer.sessionId)}`)
    .send(answer)
}

const toTask = ({ input, sessionId, budgets }: z.output<typeof Invocation>): TaskSpec => ({
  input,
  sessionId,
  budgets: budgets && {
    ...(budgets.time === undefined ? {} : { timeMs: budgets.time * 1_000 }),
    ...(budgets.tokens === undefined ? {} : { tokens: budgets.tokens }),
    ...(budgets.cost_usd === undefined ? {} : { costUsd: budgets.cost_usd }),
  },
})

const toListed = ({ id, spec, state, running, waiting, restarts }: AgentRecord) => ({
  id,
  description: spec.description,
  provider: spec.provider,
  model: spec.model,
  tools: [...spec.tools],
  permissions: [...spec.permissions],
  isolation: spec.isolation,
  state,
  running,
  waiting,
  restarts,
})
