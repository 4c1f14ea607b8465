import type { JsonObject } from '../../src/core/json.ts'
import type { LanguageModel, ModelEvent, ModelRequest, ModelTool, ToolCall } from '../../src/llm/language-model.ts'
import type { ToolAnswer, ToolBench, TurnEvent } from '../../src/llm/turn.ts'

/** One answer of a model: what it says, in order; or what goes wrong. */
export type Line = readonly (ModelEvent | Error | 'silence')[]

export const text = (words: string): ModelEvent => ({ type: 'text', text: words })
export const thinking = (words: string): ModelEvent => ({ type: 'thinking', text: words })
let calls = 0
export const call = (name: string, args: ToolCall['arguments'] = {}): ModelEvent => ({
  type: 'call',
  call: { id: `call_${++calls}`, name, arguments: args },
})
export const usage = { promptTokens: 100, outputTokens: 10, loadNs: 1, promptNs: 2, outputNs: 3 }
export const end = (reason = 'stop', isPromptCut = false): ModelEvent => ({ type: 'end', reason, usage, isPromptCut })

/** A model that says what it is told to, one line per question; a function sees the question first. */
export function scriptedModel(
  lines: readonly (Line | ((request: ModelRequest) => Line))[],
  { tools }: { tools?: boolean } = {},
): LanguageModel & { readonly requests: ModelRequest[] } {
  const requests: ModelRequest[] = []
  return {
    requests,
    async *chat(request, { signal }) {
      const next = lines[requests.length]
      requests.push({ ...request, messages: [...request.messages] })
      if (next === undefined) throw new Error(`Nobody wrote answer ${requests.length}.`)
      for (const event of typeof next === 'function' ? next(request) : next) {
        signal.throwIfAborted()
        if (event instanceof Error) throw event
        if (event === 'silence') await untilAborted(signal)
        else yield event
      }
    },
    capabilities: async () => ({ tools, contextLength: undefined }),
    ping: async () => {},
    close: async () => {},
  }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }))

/** Tools that answer as they are told, and remember how they were called. */
export function bench(
  answers: Readonly<Record<string, (args: JsonObject, nth: number) => ToolAnswer | Promise<ToolAnswer>>>,
  { writes = ['make_move', 'create_game'] }: { writes?: readonly string[] } = {},
): ToolBench & { readonly called: { name: string; args: JsonObject }[] } {
  const called: { name: string; args: JsonObject }[] = []
  const tools: readonly ModelTool[] = Object.keys(answers).map((name) => ({
    name,
    description: `Does ${name}.`,
    parameters: {
      type: 'object',
      additionalProperties: false,
      properties: { gameId: { type: 'string' }, cell: { type: 'integer' } },
    },
  }))
  return {
    called,
    tools,
    isWrite: (name) => writes.includes(name),
    async call(name, args) {
      called.push({ name, args })
      const answer = answers[name]
      if (answer === undefined) throw new Error(`There is no ${name}.`)
      return answer(args, called.length)
    },
  }
}

export const ok = (body: JsonObject = { done: true }): ToolAnswer => ({ success: true, body })

export const collect = async (events: AsyncIterable<TurnEvent>): Promise<TurnEvent[]> => {
  const all: TurnEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

export const said = (events: readonly TurnEvent[]): string =>
  events.map((event) => (event.type === 'text' ? event.text : '')).join('')
