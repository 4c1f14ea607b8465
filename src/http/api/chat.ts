import type { ErrorCode } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ChatAnswerExample } from './chat-examples.ts'
import { ollamaAnswer, openAiAnswer } from './chat-examples.ts'
import type { RequestExample } from './examples.ts'
import type { OperationDraft } from './operations.ts'
import { guarded, posting } from './operations.ts'
import { schemaRef } from './schemas.ts'
import type { ApiRoute } from './service.ts'

/** What the document has to know of the chat. */
export type ChatFacts = {
  readonly defaultModel: string
  /** Are there paths that are passed on to the model server? */
  readonly isOllama: boolean
  /** Do those pass that manage models? */
  readonly allowAdmin: boolean
}

/** What asking the model server may end with. */
export const asking: readonly ErrorCode[] = ['LLM_UNAVAILABLE', 'LLM_TIMEOUT', 'LLM_BAD_RESPONSE', 'CIRCUIT_OPEN']
const chatting: readonly ErrorCode[] = [
  ...guarded,
  ...posting,
  ...asking,
  'IDEMPOTENCY_KEY_INVALID',
  'LLM_STREAM_CUT',
  'LLM_REFUSED',
  'LLM_RATE_LIMIT',
  'LLM_AUTH',
  'LLM_CONTEXT_OVERFLOW',
  'MODEL_NOT_FOUND',
  'KILL_SWITCH',
  'BUDGET_EXCEEDED',
  'PRICE_UNKNOWN',
]

/** The doors of the chat: three ways to ask for the same. */
export const chatRoutes = (facts: ChatFacts): readonly ApiRoute[] => [
  ['/generate', 'post', generate(facts)],
  ['/api/chat', 'post', chat(facts)],
  ['/v1/chat/completions', 'post', complete(facts)],
]

const tools: JsonObject = {
  name: 'X-Otto-Tools',
  in: 'header',
  description: 'off: no tools of ours; client: the caller runs them itself; on, as without it: they run here.',
  schema: { type: 'string', enum: ['on', 'off', 'client'] },
}
const toolsInQuery: JsonObject = {
  name: 'tools',
  in: 'query',
  description: 'The same for clients that cannot send headers.',
  schema: { type: 'string', enum: ['on', 'off'] },
}
const key: JsonObject = {
  name: 'Idempotency-Key',
  in: 'header',
  description: 'Names the wish: a request sent again under its key signs nothing that it has signed before.',
  schema: { type: 'string', pattern: '^[!-~]{1,128}$' },
}
const conversation: JsonObject = {
  name: 'X-OpenWebUI-Chat-Id',
  in: 'header',
  description: 'Tells conversations apart; Open WebUI sends it.',
  schema: { type: 'string' },
}

const user = (content: string): JsonObject => ({ role: 'user', content })
const newGame = 'Start a new game of tic-tac-toe and show me the board.'
const whatFor = 'What can you do here?'

const ask = (name: string, summary: string, value: JsonObject, status = 200): RequestExample => ({
  name,
  summary,
  status,
  value,
})

const lines = (itemSchema: JsonObject, { stream }: ChatAnswerExample) => ({
  mediaType: 'application/x-ndjson',
  itemSchema: { anyOf: [itemSchema, schemaRef('OllamaError')] },
  example: stream,
})

const rulesOfLines =
  'Without stream: false the answer is lines of JSON, the last with done: true. What fails after the first line is a sentence for people and then a line {error, code}.'

/** `POST /generate`. */
function generate({ defaultModel: model, isOllama }: ChatFacts): OperationDraft {
  const answer = ollamaAnswer(model, 'generate', true)
  const schema = { anyOf: [schemaRef('OllamaPrompt'), schemaRef('OllamaChat')] }
  return {
    operationId: 'generate',
    tag: 'chat',
    summary: "Ask Otto, by a prompt or a chat in Ollama's words",
    description: `The model plays with the tools of this service, and what ran is reported as tool_runs on the last line. Without a model the one that is configured answers. With messages the answer is that of a chat. ${rulesOfLines}`,
    parameters: [tools, toolsInQuery, key, conversation],
    body: {
      schema: { anyOf: [schemaRef('OllamaPromptRequest'), schemaRef('OllamaChatRequest')] },
      examples: [
        ask('play', 'A prompt, answered in one piece', { prompt: newGame, stream: false }),
        ask('lines', 'Line by line', { prompt: whatFor }),
        ask('chat', 'A chat', { messages: [user(whatFor)], stream: false }),
        ask('nothing', 'Nothing is asked: refused', { stream: false }, 400),
      ],
    },
    success: {
      description: 'What the model said, checked against the ledger.',
      schema,
      examples: { prompt: answer.whole, chat: ollamaAnswer(model, 'chat', true).whole },
      stream: lines(schema, answer),
    },
    codes: [...chatting, 'INVALID_ARGUMENTS'],
    door: 'ollama',
    passesOn: isOllama,
  }
}

/** `POST /api/chat`. */
function chat({ defaultModel: model, isOllama }: ChatFacts): OperationDraft {
  const answer = ollamaAnswer(model, 'chat', false)
  const schema = schemaRef('OllamaChat')
  return {
    operationId: 'chatAsOllama',
    tag: 'chat',
    summary: "The chat as Ollama's clients ask for it",
    description: `Any client of Ollama plays by it, Open WebUI among them. The tools run here and are added to those of the caller, whose calls come back to it. Other members (options, format, keep_alive, think) go to the model. ${rulesOfLines}`,
    manualUrl: 'https://docs.ollama.com/api',
    parameters: [tools, toolsInQuery, key, conversation],
    body: {
      schema: schemaRef('OllamaChatRequest'),
      examples: [
        ask('play', 'One answer', { model, messages: [user(newGame)], stream: false }),
        ask('lines', 'Line by line', { model, messages: [user(whatFor)] }),
        ask('load', 'No messages: the model is loaded', { model, messages: [], stream: false }),
        ask('none', 'No model is named: refused', { messages: [user(whatFor)] }, 400),
        ...(isOllama ? [ask('stranger', 'No such model', { model: 'nobody', messages: [user(whatFor)] }, 404)] : []),
      ],
    },
    success: {
      description: 'What the model said, checked against the ledger.',
      schema,
      examples: { chat: answer.whole },
      stream: lines(schema, answer),
    },
    codes: [...chatting, 'INVALID_ARGUMENTS'],
    door: 'ollama',
    passesOn: isOllama,
  }
}

/** `POST /v1/chat/completions`. */
function complete({ defaultModel: model, isOllama }: ChatFacts): OperationDraft {
  const answer = openAiAnswer(model)
  return {
    operationId: 'chatAsOpenAi',
    tag: 'chat',
    summary: "The chat as OpenAI's clients ask for it",
    description:
      'The same chat with the address of this service and /v1 as the base URL of a client; without a model the one that is configured answers. A stream is events of chunks up to [DONE]; while tools run they are comments. What fails after the first event is an event with an error, and no [DONE] follows. Images only as data: URLs.',
    manualUrl: 'https://platform.openai.com/docs/api-reference/chat',
    parameters: [tools, key, conversation],
    body: {
      schema: schemaRef('OpenAiChatRequest'),
      examples: [
        ask('play', 'One answer', { model, messages: [user(newGame)] }),
        ask('events', 'Event by event', {
          model,
          messages: [user(whatFor)],
          stream: true,
          stream_options: { include_usage: true },
        }),
        ...(isOllama ? [ask('stranger', 'No such model', { model: 'nobody', messages: [user(whatFor)] }, 404)] : []),
      ],
    },
    success: {
      description: 'What the model said, checked against the ledger.',
      schema: schemaRef('ChatCompletion'),
      examples: { completion: answer.whole },
      stream: {
        mediaType: 'text/event-stream',
        itemSchema: { anyOf: [schemaRef('ChatCompletionChunk'), schemaRef('OpenAiError')] },
        example: answer.stream,
      },
    },
    codes: chatting,
    door: 'openai',
    passesOn: isOllama,
  }
}
