import { parseConfig } from '../config.ts'
import { readApiToken } from '../open-access.ts'

/**
 * The token that the service wants, by OTTO_API_TOKEN or OTTO_API_TOKEN_FILE; undefined without either.
 * @throws ConfigInvalidError, ApiTokenInvalidError, WalletFileError for a file that others may read
 */
export async function tokenFrom(env: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
  const { OTTO_API_TOKEN, OTTO_API_TOKEN_FILE } = env
  return readApiToken(parseConfig({ OTTO_API_TOKEN, OTTO_API_TOKEN_FILE }).http)
}

/** The header that shows the token, none without one: `{ authorization: 'Bearer …' }` or `{}`. */
export async function authorization(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly authorization?: string }> {
  const token = await tokenFrom(env)
  return token === undefined ? {} : { authorization: `Bearer ${token}` }
}
