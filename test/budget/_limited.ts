import type { Budgets, ScopePath } from '../../src/budget/budget.ts'
import type { LimitModelDeps } from '../../src/budget/limit-model.ts'
import { limitModel } from '../../src/budget/limit-model.ts'
import { createPrices, parsePrices } from '../../src/budget/prices.ts'
import type { UsageRow } from '../../src/budget/usage.ts'
import type { LanguageModel, ModelEvent, ModelRequest, ModelUsage } from '../../src/llm/language-model.ts'
import { handClock, recordingPublish } from './_kit.ts'

/** Dollars per million tokens: 10 and 50 nano-dollars a token, 1 from a cache. */
export const prices = createPrices([
  parsePrices(
    'prices: [{ provider: paid, model: m, input: 0.01, output: 0.05, cache_read: 0.001, as_of: 2020-01-01, source: s }]',
    'f',
  ),
])

/** What the question below is taken for: `estimatePrompt` of it. */
export const promptTokens = 532

export const request: ModelRequest = { model: 'm', messages: [{ role: 'user', content: 'Hi' }], tools: [], rest: {} }

export const usageOf = (prompt: number, output: number, more: Partial<ModelUsage> = {}): ModelUsage => ({
  promptTokens: prompt,
  outputTokens: output,
  loadNs: 0,
  promptNs: 0,
  outputNs: 0,
  ...more,
})
export const text = (words: string): ModelEvent => ({ type: 'text', text: words })
export const end = (usage: ModelUsage, reason = 'stop'): ModelEvent => ({
  type: 'end',
  reason,
  usage,
  isPromptCut: false,
})

/** A model server that does as it is told; `asked` is what it got, `open` how many of its answers nobody has left. */
export function modelOf(answer: (request: ModelRequest, signal: AbortSignal) => AsyncIterable<ModelEvent>) {
  const asked: ModelRequest[] = []
  const state = { open: 0 }
  const model: LanguageModel = {
    async *chat(question, { signal }) {
      asked.push(question)
      state.open += 1
      try {
        yield* answer(question, signal)
      } finally {
        state.open -= 1
      }
    },
    capabilities: async () => ({ tools: true, contextLength: undefined }),
    ping: async () => {},
    close: async () => {},
  }
  return { model, asked, state }
}

/** Says this, whatever is asked. */
export async function* says(...events: readonly (ModelEvent | Error)[]): AsyncGenerator<ModelEvent> {
  for (const event of events) {
    if (event instanceof Error) throw event
    yield event
  }
}

type Limited = { readonly budgets: Budgets; readonly path: ScopePath; readonly more?: Partial<LimitModelDeps> }

/** A model inside budgets; `rows` are those of the usage, by which way they came. */
export function limit(model: LanguageModel, { budgets, path, more = {} }: Limited) {
  type Row = Omit<UsageRow, 'id' | 'atMs'>
  const rows: (Row & { readonly by: 'record' | 'entry' })[] = []
  const { events, publish, of } = recordingPublish()
  const limited = limitModel(model, {
    budgets,
    prices,
    provider: 'ollama',
    path: () => path,
    usage: {
      record: (row) => void rows.push({ ...row, by: 'record' }),
      entry: (row) => {
        rows.push({ ...row, by: 'entry' })
        return async () => true
      },
    },
    publish,
    kill: { isOn: () => false },
    ids: { taskId: 'task', agentId: 'agent' },
    clock: handClock().clock,
    maxOutputTokens: 100,
    ...more,
  })
  const ask = (signal: AbortSignal = new AbortController().signal, question = request) =>
    limited.chat(question, { signal })
  return { limited, ask, rows, events, of }
}
