import { literalOf } from './_interpolate.ts'

/** What to do about one. */
export const credentialFact = `this looks like a credential; put it into an environment variable and write \${NAME}`

/**
 * Keys as their issuers shape them. Each needs its characters behind it, so that a pattern that finds keys is none.
 * Sources: RFC 7468 (PEM), RFC 7519 (JWT), RFC 3986 §3.2.1 (a password in an address), RFC 6750 (bearer tokens), and the
 * documents of the issuers on how their keys begin.
 */
const shapes = [
  /-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\[nr])*(?:Proc-Type|[A-Za-z0-9+/=]{16})/g,
  /\bsk-[A-Za-z0-9_-]{16,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\beyJ[\w-]{8,2000}\.eyJ[\w-]{8,}\.[\w-]+/g,
  /\b(?:gh[pousr]|github_pat)_[A-Za-z0-9_]{22,}/g,
  /\bxox[abeprs]-[A-Za-z0-9-]{10,}/g,
  /\bAIza[\w-]{35}/g,
  /\bBearer\s+[\w.~+/-]{20,}/g,
  /\b[a-z][a-z0-9+.-]{0,20}:\/\/[^\s:@/${}]{1,100}:[^\s@/${}]{3,200}@/g,
] as const

/** Where in a file credentials stand, comments included: offsets, in order. */
export const credentialsIn = (text: string): readonly number[] =>
  shapes.flatMap((shape) => [...text.matchAll(shape)].map(({ index }) => index)).toSorted((a, b) => a - b)

const secretName = /(?:key|token|secret|password|passwd|credential)s?$/i

/** Is it under a name for secrets, long, one word, and as mixed as chance is? What a variable gives does not count. */
export function isNamedCredential(name: string, text: string): boolean {
  const literal = literalOf(text).trim()
  return secretName.test(name) && /^\S{16,4096}$/.test(literal) && bitsPerCharacter(literal) >= 3
}

/** Shannon's entropy by how often each character is there. English words of that length lie below 3, most keys above. */
function bitsPerCharacter(text: string): number {
  const counts = new Map<string, number>()
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1)
  const shares = [...counts.values()].map((count) => count / text.length)
  return -shares.reduce((sum, share) => sum + share * Math.log2(share), 0)
}
