import type { ErrorCode } from '../../core/error-table.ts'
import type { JsonObject } from '../../core/json.ts'
import type { ChatFacts } from './chat.ts'
import { asking } from './chat.ts'
import type { RequestExample } from './examples.ts'
import type { OperationDraft } from './operations.ts'
import { guarded, posting } from './operations.ts'
import { schemaRef } from './schemas.ts'
import type { ApiRoute } from './service.ts'

/** The models, and what the model server does besides the chat. What is not served is not told. */
export const modelRoutes = (facts: ChatFacts): readonly ApiRoute[] => [
  ['/', 'get', greet],
  ...askedFirst(facts).map(facts.isOllama ? toPassedOn : toStandIn),
  ...(facts.isOllama ? [...passed(facts).map(toPassedOn), ...managed.map(toManaged(facts))] : []),
  ['/v1/models', 'get', listModels(facts)],
  ['/v1/models/{id}', 'get', readModel(facts)],
  ...(facts.isOllama ? passedInOtherWords.map(toPassedOn) : []),
]

/** A route whose question and answer are those of Ollama. */
type OllamaRoute = {
  readonly path: string
  readonly method: ApiRoute[1]
  readonly operationId: string
  readonly summary: string
  readonly examples?: readonly RequestExample[]
  /** Where the answer may come piece by piece. */
  readonly streamType?: string
  readonly door?: 'openai'
  readonly manualUrl?: string
}

const lines = 'application/x-ndjson'
const events = 'text/event-stream'
const manualUrl = 'https://docs.ollama.com/api'
const one = (value: JsonObject, status = 200): readonly RequestExample[] => [
  { name: 'one', summary: 'As it can be sent', status, value },
]

const askedFirst = ({ defaultModel: model }: ChatFacts): readonly OllamaRoute[] => [
  { path: '/api/version', method: 'get', operationId: 'showVersion', summary: "Ollama's version" },
  { path: '/api/tags', method: 'get', operationId: 'listTags', summary: 'The models that are there' },
  {
    path: '/api/show',
    method: 'post',
    operationId: 'showModel',
    summary: 'What a model is and can do',
    examples: one({ model }),
  },
]

const passed = ({ defaultModel: model }: ChatFacts): readonly OllamaRoute[] => [
  { path: '/api/ps', method: 'get', operationId: 'listLoaded', summary: 'The models that are loaded' },
  {
    path: '/api/generate',
    method: 'post',
    operationId: 'generateWithoutTools',
    summary: 'A prompt for the model alone: no tools of ours, other than at /generate',
    examples: one({ model, prompt: 'Say hello.', stream: false }),
    streamType: lines,
  },
  { path: '/api/embed', method: 'post', operationId: 'embed', summary: 'Vectors of texts' },
  {
    path: '/api/embeddings',
    method: 'post',
    operationId: 'embedOne',
    summary: 'The vector of one text, the older way',
  },
]

/** They change what the model server holds, or fill its disk. */
const managed: readonly OllamaRoute[] = [
  { path: '/api/pull', method: 'post', operationId: 'pullModel', summary: 'Fetch a model', streamType: lines },
  { path: '/api/create', method: 'post', operationId: 'createModel', summary: 'Make a model', streamType: lines },
  { path: '/api/copy', method: 'post', operationId: 'copyModel', summary: 'Give a model another name' },
  { path: '/api/push', method: 'post', operationId: 'pushModel', summary: 'Publish a model', streamType: lines },
  { path: '/api/delete', method: 'delete', operationId: 'deleteModel', summary: 'Delete a model' },
]

const openAiWords = {
  method: 'post',
  door: 'openai',
  streamType: events,
  manualUrl: 'https://docs.ollama.com/api/openai-compatibility',
} as const
const passedInOtherWords: readonly OllamaRoute[] = [
  { ...openAiWords, path: '/v1/completions', operationId: 'completeWithoutTools', summary: "OpenAI's completions" },
  { ...openAiWords, path: '/v1/embeddings', operationId: 'embedAsOpenAi', summary: "OpenAI's embeddings" },
  {
    ...openAiWords,
    path: '/v1/messages',
    operationId: 'messagesWithoutTools',
    summary: "Anthropic's messages",
    manualUrl: 'https://docs.ollama.com/api/anthropic-compatibility',
  },
  { ...openAiWords, path: '/v1/responses', operationId: 'respondWithoutTools', summary: "OpenAI's responses" },
]

const codesOf = (method: OllamaRoute['method']): readonly ErrorCode[] => [
  ...guarded,
  ...(method === 'get' ? [] : posting),
  ...asking,
]

function toDraft({ method, operationId, summary, examples, streamType, ...rest }: OllamaRoute): OperationDraft {
  const stream = streamType && { stream: { mediaType: streamType, itemSchema: { type: 'object' } } }
  return {
    operationId,
    tag: 'models',
    summary,
    manualUrl: rest.manualUrl ?? manualUrl,
    ...(method === 'get' ? {} : { body: { schema: { type: 'object' }, examples: examples ?? [] } }),
    success: { description: 'As Ollama answers.', schema: { type: 'object' }, ...stream },
    codes: codesOf(method),
    door: rest.door ?? 'ollama',
  }
}

/** Byte by byte. */
const toPassedOn = (route: OllamaRoute): ApiRoute => [
  route.path,
  route.method,
  { ...toDraft(route), description: 'Passed on to Ollama byte by byte, and so is its answer.', passesOn: true },
]

/** Answered here, as far as Ollama's clients need it. */
const toStandIn = (route: OllamaRoute): ApiRoute => {
  const draft = toDraft(route)
  const codes: readonly ErrorCode[] = route.method === 'get' ? guarded : [...guarded, ...posting, 'MODEL_NOT_FOUND']
  const description = 'Answered from the one model that is configured: the model server is no Ollama.'
  return [route.path, route.method, { ...draft, description, codes }]
}

/** Refused, unless an operator allowed it; then nothing is sent by a page that only shows how. */
const toManaged =
  ({ allowAdmin }: ChatFacts) =>
  (route: OllamaRoute): ApiRoute => {
    if (allowAdmin) return toPassedOn(route)
    const [path, method, draft] = toPassedOn({ ...route, examples: one({ model: 'llama3.2' }, 403) })
    const description = 'Refused, whatever the body, unless the service runs with OTTO_OLLAMA_ADMIN=on.'
    return [path, method, { ...draft, description }]
  }

const greet: OperationDraft = {
  operationId: 'greet',
  tag: 'models',
  summary: 'Is there an Ollama? Its clients ask this first',
  success: {
    description: 'Always the same text, whether the model server runs or not.',
    schema: { type: 'string' },
    examples: { text: 'Ollama is running' },
    mediaType: 'text/plain',
  },
  codes: guarded,
  door: 'ollama',
}

const card = ({ defaultModel }: ChatFacts): JsonObject => ({
  id: defaultModel,
  object: 'model',
  created: 1_767_268_800,
  owned_by: 'library',
})

/** `GET /v1/models`. */
const listModels = (facts: ChatFacts): OperationDraft => ({
  operationId: 'listModels',
  tag: 'models',
  summary: "The models that the chat may name, in OpenAI's words",
  success: {
    description: 'All of them.',
    schema: schemaRef('OpenAiModelList'),
    examples: { models: { object: 'list', data: [card(facts)] } },
  },
  codes: [...guarded, ...asking],
  door: 'openai',
})

/** `GET /v1/models/*`. */
const readModel = (facts: ChatFacts): OperationDraft => ({
  operationId: 'readModel',
  tag: 'models',
  summary: 'One of them',
  parameters: [
    {
      name: 'id',
      in: 'path',
      required: true,
      description: 'Its name, slashes as they are; :latest may be left out.',
      schema: { type: 'string' },
      example: facts.defaultModel,
    },
  ],
  success: { description: 'The model.', schema: schemaRef('OpenAiModel'), examples: { model: card(facts) } },
  codes: [...guarded, ...asking, 'MODEL_NOT_FOUND'],
  door: 'openai',
})
