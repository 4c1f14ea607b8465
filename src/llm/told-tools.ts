import type { JsonObject } from '../core/json.ts'
import { encodeTool } from './_model-tools.ts'
import type { ModelTool } from './language-model.ts'

/** Tools as they were given, each beside what Ollama and OpenAI are told of it: references inlined, ranges in words. */
export const toldTools = (
  tools: readonly ModelTool[],
): readonly { readonly given: ModelTool; readonly told: JsonObject }[] =>
  tools.map((given) => ({ given, told: encodeTool(given) }))
