import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import type { ToolCallContext, ToolCatalog, ToolOutcome } from '../tools/tool.ts'
import type { Gate } from './admitted-tools.ts'
import { admitTools } from './admitted-tools.ts'
import type { CallContext } from './call-context.ts'
import { orAccepted } from './early-answer.ts'
import { InvalidRequestError } from './errors.ts'
import { takeJsonBodies } from './json-body.ts'
import { tellPreferences } from './prefer.ts'
import { sendOutcome } from './send.ts'
import { messageKeyOf } from './tool-server-key.ts'

export type OttoToolDeps = {
  readonly tools: ToolCatalog
  readonly gate: Gate
  readonly callContext: CallContext
  readonly maxBodyBytes: number
}

// The cast holds: a body is what decodeJson made.
const Arguments = z.custom<JsonObject>((value) => isJsonObject(value as JsonValue))

/** `args` is the field's name; `arguments`, which models like to write, is taken too, but not both. */
const ToolRequest = z.strictObject({
  tool: z.string().min(1).max(128),
  args: Arguments.optional(),
  arguments: Arguments.optional(),
})

const requestHint = 'Send {"tool": name, "args": {…}}; the names are at GET /otto/tools.'

/** @throws InvalidRequestError naming the member at fault */
function parseToolRequest(body: unknown): { name: string; args: JsonObject } {
  const parsed = ToolRequest.safeParse(body)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    const path = issue?.code === 'unrecognized_keys' ? issue.keys[0] : issue?.path[0]
    throw new InvalidRequestError('The body is not a tool request.', {
      hint: requestHint,
      ...(path === undefined ? {} : { path: String(path) }),
    })
  }
  const { tool, args, arguments: alias } = parsed.data
  if (args !== undefined && alias !== undefined)
    throw new InvalidRequestError('The body has both args and arguments.', { path: 'arguments', hint: requestHint })
  return { name: tool, args: args ?? alias ?? {} }
}

/**
 * The tools by name: `POST /otto/tool` with an envelope both ways, `POST /otto/tools/:name` with flat arguments in and
 * the flat result out, and their list. Both answer under the same statuses; a refused move is an answer (200).
 */
export const ottoToolRoutes =
  ({ tools, gate, callContext, maxBodyBytes }: OttoToolDeps): FastifyPluginAsync =>
  async (instance) => {
    takeJsonBodies(instance, { maxBodyBytes })

    const admitted = admitTools({ ...gate, tools, log: instance.log })
    const writes = new Set(tools.list().flatMap(({ name, effect }) => (effect === 'write' ? [name] : [])))
    const contextOf = (name: string, request: FastifyRequest, reply: FastifyReply): ToolCallContext => {
      const context = callContext(request, reply)
      tellPreferences(reply, context, { isWrite: writes.has(name) })
      return context
    }
    const call = (name: string, args: JsonObject, context: ToolCallContext): Promise<ToolOutcome> =>
      orAccepted(args, context, (going) => admitted.call(name, args, going))

    instance.get('/otto/tools', async () => ({ tools: tools.list() }))

    instance.post('/otto/tool', async (request, reply) => {
      const { name, args } = parseToolRequest(request.body)
      return sendOutcome(reply, await call(name, args, contextOf(name, request, reply)))
    })

    instance.post<{ Params: { name: string } }>('/otto/tools/:name', async (request, reply) => {
      const args = Arguments.safeParse(request.body)
      if (!args.success) throw new InvalidRequestError('The body is not an object of arguments.')
      const { name } = request.params
      const idempotencyKey = messageKeyOf(request.headers, name, args.data)
      const context = {
        ...contextOf(name, request, reply),
        ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
      }
      const outcome = await call(name, args.data, context)
      return outcome.success ? reply.send(outcome.result) : sendOutcome(reply, outcome)
    })
  }
