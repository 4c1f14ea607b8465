import { BaseError } from '../core/errors.ts'
import type { Scope } from './scopes.ts'
import { scopes } from './scopes.ts'

/** A text that lets its holder in, and what for. */
export type ApiToken = { readonly token: string; readonly scopes: ReadonlySet<Scope> }

/** A line of the file with tokens cannot be used. Names the line and what is wrong, never what stands there. */
export class ApiTokensInvalidError extends BaseError {
  override readonly code = 'API_TOKEN_INVALID'
  override readonly kind = 'invalid'
  constructor(fact: string) {
    super(`The file in OTTO_API_TOKENS_FILE cannot be used: ${fact}.`, {
      hint: 'A line is: name scopes token, like `webui chat,read,play 3f9c…`. Scopes are read, play, chat, agents and admin.',
    })
  }
}

/** The token that may do everything. */
export const ownerToken = (token: string): ApiToken => ({ token, scopes: new Set(scopes) })

/**
 * The tokens in a file's text, one a line: `<name> <scope,scope> <token>`; blank lines and those that begin with `#` say
 * nothing. Names are 1 to 32 of `a-z 0-9 -`, tokens 32 to 512 visible ASCII characters, each once.
 * @param taken a token that has a setting of its own
 * @throws ApiTokensInvalidError
 */
export function parseApiTokens(text: string, taken?: string): readonly ApiToken[] {
  const names = new Set<string>()
  const known = new Set(taken === undefined ? [] : [taken])
  const tokens = text.split(/\r?\n/).flatMap((line, index) => {
    if (/^\s*(?:#|$)/.test(line)) return []
    const wrong = (fact: string) => new ApiTokensInvalidError(`line ${index + 1} ${fact}`)
    const [name = '', list = '', token = '', ...more] = line.trim().split(/[ \t]+/)
    if (more.length > 0 || token === '') throw wrong('is not a name, scopes and a token')
    if (!/^[a-z0-9-]{1,32}$/.test(name)) throw wrong('has a name that is not 1 to 32 of a-z, 0-9 and -')
    if (!/^[\x21-\x7e]{32,512}$/.test(token)) throw wrong('has a token that is not 32 to 512 visible ASCII characters')
    if (names.has(name)) throw wrong('has the name of an earlier one')
    if (known.has(token)) throw wrong('has a token that is in use already')
    names.add(name)
    known.add(token)
    return [{ token, scopes: parseScopes(list, wrong) }]
  })
  if (tokens.length === 0) throw new ApiTokensInvalidError('it holds no token')
  return tokens
}

function parseScopes(list: string, wrong: (fact: string) => Error): ReadonlySet<Scope> {
  const words = list.split(',')
  const known = scopes.filter((scope) => words.includes(scope))
  if (known.length !== words.length) throw wrong('has scopes that are not read, play, chat, agents or admin, each once')
  return new Set(known)
}
