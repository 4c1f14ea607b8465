import type { ChatMessage } from '../llm/language-model.ts'

/**
 * Is it one of the small jobs that a chat page gives the model beside the chat: a title, tags, suggestions? They get no
 * tools and pass untouched. Open WebUI writes `### Task:` into their last message; whoever sets a `format` wants a form
 * filled in, not a game played.
 */
export function isSideTask(messages: readonly ChatMessage[], format: unknown): boolean {
  if (format !== undefined && format !== null && format !== '') return true
  return messages.at(-1)?.content.includes('### Task:') ?? false
}
