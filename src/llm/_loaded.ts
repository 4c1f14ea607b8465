import { member } from '../core/json.ts'
import { noUsage } from './_usage.ts'
import type { ModelEvent, ModelRequest } from './language-model.ts'

/** No messages ask Ollama to load the model, or to unload it: elsewhere there is nothing like it, so it is done. */
export async function* loaded({ rest }: ModelRequest): AsyncGenerator<ModelEvent, void, undefined> {
  yield {
    type: 'end',
    reason: member(rest, 'keep_alive') === 0 ? 'unload' : 'load',
    usage: noUsage,
    isPromptCut: false,
  }
}
