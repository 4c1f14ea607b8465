import { expect } from 'vitest'
import type { ModelEvent, ModelRequest, ModelTool } from '../../src/llm/language-model.ts'

/** A signal that never fires. */
export const forever = new AbortController().signal

/** A question that leaves nothing open but what a test says. */
export const question = (over: Partial<ModelRequest> = {}): ModelRequest => ({
  model: 'llama3.2',
  messages: [{ role: 'user', content: 'Put X in the centre.' }],
  tools: [],
  rest: {},
  ...over,
})

export const moveTool: ModelTool = {
  name: 'ttt_make_move',
  description: 'Place a mark on an empty cell.',
  parameters: {
    type: 'object',
    properties: { cell: { type: 'integer', minimum: 0, maximum: 8, description: '0 is top left.' } },
    required: ['cell'],
  },
}

/** Everything that comes, to the end. */
export async function collect(events: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> {
  const all: ModelEvent[] = []
  for await (const event of events) all.push(event)
  return all
}

/** What came until it failed, and the failure; the failure is undefined when it did not. */
export async function collectUntilFailure(
  events: AsyncIterable<ModelEvent>,
): Promise<{ events: ModelEvent[]; failure: unknown }> {
  const all: ModelEvent[] = []
  try {
    for await (const event of events) all.push(event)
    return { events: all, failure: undefined }
  } catch (failure) {
    return { events: all, failure }
  }
}

/** Without the raw lines, which only one of the wires has. */
export const withoutLines = (events: readonly ModelEvent[]): ModelEvent[] =>
  events.map((event) => {
    if (event.type !== 'text' && event.type !== 'thinking') return event
    return { type: event.type, text: event.text }
  })

/** The first event is there, and the rest is still to come. */
export async function begin(events: AsyncIterable<ModelEvent>): Promise<AsyncIterator<ModelEvent>> {
  const iterator = events[Symbol.asyncIterator]()
  expect((await iterator.next()).value).toMatchObject({ type: 'text', text: 'X holds' })
  return iterator
}
