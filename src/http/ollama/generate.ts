import type { FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { isSideTask } from '../../chat/side-task.ts'
import type { JsonValue } from '../../core/json.ts'
import { isJsonObject } from '../../core/json.ts'
import type { ChatMessage } from '../../llm/language-model.ts'
import { InvalidRequestError } from '../errors.ts'
import type { KeptBody } from '../json-body.ts'
import { takeChatBodies } from '../json-body.ts'
import { answerTurn } from './answer.ts'
import type { PromptAsked } from './body.ts'
import { parseChatBody, parsePromptBody } from './body.ts'
import { answerChat, bodyOf, loaded, modeOf, styleOf, withModel } from './chat.ts'
import type { OllamaDeps } from './deps.ts'
import { relay } from './relay.ts'

/**
 * `POST /generate`: a prompt or a chat in Ollama's words, with the tools of this service and a report of what ran
 * (`tool_runs`) at the end. Without a model the default one answers. Needs an error handler with `sendOllamaError`.
 */
export const generateRoutes =
  (deps: OllamaDeps): FastifyPluginAsync =>
  async (instance) => {
    takeChatBodies(instance, deps)
    instance.post('/generate', async (request, reply) => {
      const body = bodyOf(request)
      if (!hasMessages(body.json))
        return answerPrompt(deps, request, reply, { asked: parsePromptBody(body.json), body })
      const { model = deps.defaultModel, ...rest } = parseChatBody(body.json)
      return answerChat(deps, request, reply, { asked: { ...rest, model }, body, reportsRuns: true })
    })
  }

const hasMessages = (json: JsonValue): boolean => isJsonObject(json) && (json['messages'] ?? null) !== null

type PromptOrder = { readonly asked: PromptAsked; readonly body: KeptBody }

async function answerPrompt(
  deps: OllamaDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { asked, body }: PromptOrder,
): Promise<FastifyReply> {
  const { chat, forward, chatCaller, defaultModel } = deps
  const { model = defaultModel, rest, stream } = asked
  assertAsksSomething(asked)
  const messages = toMessages(asked)
  const caller = { ...chatCaller(request, reply), isOneShot: true as const }
  const mode = modeOf(request)
  const isLoad = isOrderToLoad(asked)
  const isPlain = mode === 'off' || isLoad || asked.onlyThere !== undefined || isSideTask(messages, rest['format'])
  if (isPlain && forward)
    return relay(reply, forward, {
      method: 'POST',
      path: '/api/generate',
      body: withModel(body, model),
      signal: caller.gone,
    })
  if (asked.onlyThere !== undefined) throw onlyOllama(asked.onlyThere)
  const events = isLoad
    ? loaded()
    : chat.turn({ model, messages, tools: [], mode: isPlain ? 'off' : mode, rest }, caller)
  const style = styleOf(deps, request, { shape: 'generate', model, reportsRuns: !isLoad })
  return answerTurn(request, reply, { events, style, stream, gone: caller.gone })
}

/** No prompt and no image: Ollama then loads the model, or unloads it. */
const isOrderToLoad = ({ prompt, images }: PromptAsked): boolean => (prompt ?? '') === '' && images.length === 0

/** @throws InvalidRequestError for a body that names neither a prompt nor a model */
function assertAsksSomething(asked: PromptAsked): void {
  if (asked.prompt !== undefined || asked.model !== undefined || !isOrderToLoad(asked)) return
  throw new InvalidRequestError('prompt is required.', {
    path: 'prompt',
    hint: 'Send {"prompt": text}, or {"messages": […]} as to /api/chat.',
  })
}

function toMessages({ system, prompt, images }: PromptAsked): ChatMessage[] {
  const asked: ChatMessage = { role: 'user', content: prompt ?? '', ...(images.length > 0 ? { images } : {}) }
  return system === '' ? [asked] : [{ role: 'system', content: system }, asked]
}

const onlyOllama = (name: string): InvalidRequestError =>
  new InvalidRequestError(`${name} works only where the model server is an Ollama.`, {
    path: name,
    hint: 'Leave it out.',
  })
