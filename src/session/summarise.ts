/** What is asked of a message here; the messages of any model server fit. */
type Message = { readonly role: 'system' | 'user' | 'assistant' | 'tool'; readonly content: string }

/** Which messages give way to a summary, and what is sent once it is there. */
export type SummaryPlan<M> = {
  /** Never empty; in order. */
  readonly toSum: readonly M[]
  /** All others, with the summary where those were. */
  withSummary(summary: string): readonly (M | { readonly role: 'user'; readonly content: string })[]
}

export type SummaryLimits<M> = {
  /** Past so many tokens something is summed up; half of them is what is left to go on with. */
  readonly maxTokens: number
  readonly tokensOf: (message: M) => number
}

/**
 * The plan for a conversation that grew too long; undefined for one that did not, and for one that has nothing to give
 * up. The beginning goes: system messages stay, and so does the last user message, since it says what is to be done. An
 * assistant's tool calls and their results stay or go together: model servers refuse one without the other.
 */
export function planSummary<M extends Message>(
  messages: readonly M[],
  { maxTokens, tokensOf }: SummaryLimits<M>,
): SummaryPlan<M> | undefined {
  const count = (some: readonly M[]) => some.reduce((sum, message) => sum + tokensOf(message), 0)
  if (count(messages) <= maxTokens) return undefined
  const lastUser = messages.findLast(({ role }) => role === 'user')
  const staysAnyway = (message: M) => message.role === 'system' || message === lastUser
  const rounds = toRounds(messages)
  let keptTokens = count(messages.filter(staysAnyway))
  let from = rounds.length
  for (; from > 0; from--) {
    const round = (rounds[from - 1] ?? []).filter((message) => !staysAnyway(message))
    const tokens = count(round)
    // The newest round stays however long it is: the model has to answer it.
    if (from < rounds.length && keptTokens + tokens > maxTokens / 2) break
    keptTokens += tokens
  }
  const beginning = rounds.slice(0, from).flat()
  const toSum = beginning.filter((message) => !staysAnyway(message))
  if (toSum.length === 0) return undefined
  const asked = beginning.filter((message) => message === lastUser)
  const system = beginning.filter(({ role }) => role === 'system')
  return {
    toSum,
    withSummary: (summary) => [...system, toMessage(summary), ...asked, ...rounds.slice(from).flat()],
  }
}

/** As a user's words, not the system's: what it tells may come from anywhere. */
const toMessage = (summary: string) =>
  ({ role: 'user', content: `Summary of the conversation so far:\n\n${summary}` }) as const

/** Messages with the tool results that follow them. */
function toRounds<M extends Message>(messages: readonly M[]): readonly (readonly M[])[] {
  const rounds: M[][] = []
  for (const message of messages) {
    const round = rounds.at(-1)
    if (message.role === 'tool' && round !== undefined) round.push(message)
    else rounds.push([message])
  }
  return rounds
}
