import { matchName } from './_text-names.ts'

/** How far into a text the name of a call is looked for. */
const maxBeginning = 1_000

/** A name under one of the keys that name a tool; the last group is empty where the text ends inside the name. */
const names = /["'“]?\b(?:tool|name|function)\\?["'”]?\s*:\s*\\?["'“]?([\w.-]{1,64})(\\?["'”]|\s*[,}\]]|$)/g

/** Does a text that cannot be read begin like a call of one of our tools? Its name, where that much is there. */
export function beginningOfCall(text: string, toolNames: readonly string[]): { readonly name?: string } | undefined {
  const beginning = text.slice(0, maxBeginning)
  let isNamed = false
  for (const [, word = '', close = ''] of beginning.matchAll(names)) {
    const name = matchName(word, toolNames)?.name
    if (name !== undefined) return { name }
    if (close === '' && toolNames.some((one) => one.startsWith(word))) return {}
    isNamed = true
  }
  return !isNamed && /^[[{\s]*["'“]?tool_calls\b/.test(beginning) ? {} : undefined
}
