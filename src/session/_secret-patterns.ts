/**
 * What looks like a secret wherever it stands. Where a pattern has a group `secret`, that alone is taken out. Each takes
 * linear time: no two parts in a row can match the same characters without a bound.
 */
export const secretPatterns: readonly RegExp[] = [
  // RFC 7468; one whose end was cut off is taken out to the end of the text.
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----|$)/dg,
  // RFC 6750 §2.1
  /\bBearer\s{1,8}(?<secret>[A-Za-z0-9._~+/=-]{8,})/dgi,
  // Keys of OpenAI, Anthropic and those who took over their form
  /\bsk-[A-Za-z0-9_-]{16,}/dg,
  // Access key ids of AWS; the secret ones stand behind a name
  /\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/dg,
  // RFC 7519: a JSON object in base64url begins with eyJ
  /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}\.[\w-]*/dg,
  // 32 bytes in hex are a private key only where a word says so: hashes of the ledger look the same.
  /(?:private|secret|signing|(?<!public[ _-]?)key)(?:[ _-]?key)?(?:[ _-]?hex)?["'\s:=]{1,8}(?:is[\s:]{1,4})?["']?(?:0x)?(?<secret>[0-9a-f]{64})(?![0-9a-f])/dgi,
  // In quotes up to the closing one, else up to a blank.
  /(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|(?:access|refresh|auth|api|session)[_-]?token)["']?\s{0,8}[:=]\s{0,8}(?:"(?<secret>(?:[^"\\\n]|\\.){1,4096})"|'(?<secret>(?:[^'\\\n]|\\.){1,4096})'|(?<secret>[^\s"',;&}]+))/dgi,
]

const secretName =
  /(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|authorization|(?:access|refresh|auth|api|session|bearer)[_-]?token)(?:[_-]?hex)?$|^token$/i

/** Does the name of a member say that its text is a secret? */
export const isSecretName = (name: string): boolean => secretName.test(name)
