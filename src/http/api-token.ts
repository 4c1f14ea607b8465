import { BaseError } from '../core/errors.ts'

/** The text in the token file is no token. */
export class ApiTokenInvalidError extends BaseError {
  override readonly code = 'API_TOKEN_INVALID'
  override readonly kind = 'invalid'
  constructor() {
    super('The file in OTTO_API_TOKEN_FILE does not hold 32 to 512 visible ASCII characters.', {
      hint: 'Write a long random text into it, for example by: openssl rand -hex 32',
    })
  }
}

/** The token in a file's text, without the one line break at its end. @throws ApiTokenInvalidError */
export function parseApiToken(text: string): string {
  const token = text.replace(/\r?\n$/, '')
  if (!/^[\x21-\x7e]{32,512}$/.test(token)) throw new ApiTokenInvalidError()
  return token
}
