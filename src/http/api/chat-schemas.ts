import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { ChatBody, PromptBody } from '../ollama/body.ts'
import { OpenAiBody } from '../openai/request.ts'
import { Code, toJsonSchema } from './schemas.ts'

/** A body as it is checked. What zod cannot tell of these bodies is always the same: any JSON object. */
function toBodySchema(schema: z.ZodType): JsonObject {
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    override: ({ zodSchema, jsonSchema }) => {
      if (zodSchema._zod.def.type === 'custom') jsonSchema.type = 'object'
    },
  })
  return jsonSchema as JsonObject // what zod writes is JSON
}

const anything = z.record(z.string(), z.unknown())

const OllamaCall = z.object({
  id: z.string().optional(),
  function: z.object({ index: z.int().optional(), name: z.string(), arguments: anything }),
})
const calls = z.array(OllamaCall).describe("Calls of the caller's own tools, for the caller to run; never of ours.")
const thinking = z.string().optional().describe('Reasoning; while tools run, a few words about each.')

/** @see Ollama api/types.go, Metrics */
const ending = {
  done: z.boolean().describe('True on the last line, and in an answer in one piece.'),
  done_reason: z.string().optional().describe('stop, length or load.'),
  total_duration: z.number().optional().describe('In nanoseconds, as all durations.'),
  load_duration: z.number().optional(),
  prompt_eval_count: z.int().optional().describe('Tokens of the last round: how full the context is.'),
  prompt_eval_duration: z.number().optional(),
  eval_count: z.int().optional(),
  eval_duration: z.number().optional(),
}

const ToolRunReport = z.object({
  id: z.string(),
  tool: z.string(),
  args: anything.optional(),
  success: z.boolean(),
  ms: z.number(),
  result: anything.optional(),
  replayed: z.literal(true).optional().describe('It had been done before and was not done again.'),
  cut: z.literal(true).optional().describe('Arguments and result are left out: the report was too long.'),
})
const runs = z
  .array(ToolRunReport)
  .optional()
  .describe('What ran, oldest first, on the last line of an answer of /generate: a report, not a request.')

const head = { model: z.string(), created_at: z.string().describe('RFC 3339.') }

const OllamaChat = z.object({
  ...head,
  message: z.object({ role: z.string(), content: z.string(), thinking, tool_calls: calls.optional() }),
  ...ending,
  tool_runs: runs,
})

const OllamaPrompt = z.object({
  ...head,
  response: z.string(),
  thinking,
  tool_calls: calls.optional(),
  ...ending,
  tool_runs: runs,
})

const OllamaError = z.object({
  error: z.string().describe('The fact and the next step, for people.'),
  code: Code.optional().describe('Absent where the model server itself refused.'),
})

const finishReason = z.enum(['stop', 'length', 'tool_calls'])
const completionHead = { id: z.string(), created: z.int().describe('Seconds since 1970.'), model: z.string() }
const usage = z
  .object({ prompt_tokens: z.int(), completion_tokens: z.int(), total_tokens: z.int() })
  .describe('All rounds of the turn together.')
const OpenAiCall = z.object({
  id: z.string(),
  type: z.literal('function'),
  function: z.object({ name: z.string(), arguments: z.string().describe('JSON, as text.') }),
})

/** @see openai-node src/resources/chat/completions/completions.ts, ChatCompletion */
const ChatCompletion = z.object({
  ...completionHead,
  object: z.literal('chat.completion'),
  choices: z.array(
    z.object({
      index: z.int(),
      message: z.object({
        role: z.literal('assistant'),
        content: z.string().nullable(),
        reasoning_content: z.string().optional(),
        tool_calls: z.array(OpenAiCall).optional().describe("Calls of the caller's own tools."),
      }),
      finish_reason: finishReason,
    }),
  ),
  usage: usage.optional(),
})

/** @see openai-node src/resources/chat/completions/completions.ts, ChatCompletionChunk */
const ChatCompletionChunk = z.object({
  ...completionHead,
  object: z.literal('chat.completion.chunk'),
  choices: z.array(z.object({ index: z.int(), delta: anything, finish_reason: finishReason.nullable() })),
  usage: usage.optional().describe('On the last chunk, where stream_options asks for it.'),
})

/** @see openai-node src/core/error.ts */
const OpenAiError = z.object({
  error: z.object({
    message: z.string().describe('The fact and the next step, for people.'),
    type: z.string(),
    param: z.string().nullable().describe('The member at fault.'),
    code: z.string().nullable().describe('Our code in lower case; invalid_api_key with 401.'),
  }),
})

const OpenAiModel = z.object({
  id: z.string(),
  object: z.literal('model'),
  created: z.int().describe('Seconds since 1970; 0 where it is not known.'),
  owned_by: z.string(),
})

/** The shapes of the chat's doors. Requests are those that are checked; answers are open: a model server may add to them. */
export const chatSchemas: Readonly<Record<string, JsonObject>> = {
  OllamaChatRequest: toBodySchema(ChatBody),
  OllamaPromptRequest: toBodySchema(PromptBody),
  OllamaChat: toJsonSchema(OllamaChat),
  OllamaPrompt: toJsonSchema(OllamaPrompt),
  OllamaError: toJsonSchema(OllamaError),
  OpenAiChatRequest: toBodySchema(OpenAiBody),
  ChatCompletion: toJsonSchema(ChatCompletion),
  ChatCompletionChunk: toJsonSchema(ChatCompletionChunk),
  OpenAiError: toJsonSchema(OpenAiError),
  OpenAiModel: toJsonSchema(OpenAiModel),
  OpenAiModelList: toJsonSchema(z.object({ object: z.literal('list'), data: z.array(OpenAiModel) })),
}
