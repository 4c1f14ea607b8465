import type { Logger } from 'pino'
import type { Config } from './config.ts'
import type { Buckets, Rates } from './core/buckets.ts'
import { createMemoryBuckets } from './core/buckets.ts'
import type { Database } from './db/database.ts'
import { createSharedBuckets } from './db/rate-counters.ts'
import { parseApiToken } from './http/api-token.ts'
import { watchLoopDelay } from './http/loop-delay.ts'
import type { ServerDeps } from './http/server.ts'
import type { ApiToken } from './http/tokens.ts'
import { ownerToken, parseApiTokens } from './http/tokens.ts'
import { systemClock } from './system.ts'
import { readPrivateFile } from './wallet/private-files.ts'

/** Who may call and how much, as the server takes it. */
export type AccessParts = Required<Pick<ServerDeps, 'access' | 'tokens' | 'buckets' | 'trustedProxies' | 'limits'>>

type Deps = { readonly database: Database; readonly log: Logger; readonly started: AsyncDisposableStack }

/**
 * Reads the tokens and begins to watch the event loop; `started` stops that.
 * @throws as `readApiToken`, and ApiTokensInvalidError naming a line
 */
export async function openAccess({ http }: Config, { database, log, started }: Deps): Promise<AccessParts> {
  const { rates, limits, maxLoopDelayMs, trustedProxies } = http
  const tokens = await readApiTokens(http)
  const delay = maxLoopDelayMs === 0 ? undefined : watchLoopDelay(maxLoopDelayMs)
  if (delay) started.defer(() => delay.close())
  return {
    access: http,
    tokens,
    buckets: rates && createBuckets(rates, database, log),
    trustedProxies,
    limits: { ...limits, isLate: () => delay?.isLate() ?? false },
  }
}

/** Bridges that share a database share the callers too. */
const createBuckets = (rates: Rates, database: Database, log: Logger): Buckets =>
  database.engine === 'postgres'
    ? createSharedBuckets({ database, rates, clock: systemClock, log: log.child({ part: 'http' }) })
    : createMemoryBuckets({ rates, clock: systemClock })

type TokenSettings = Pick<Config['http'], 'token' | 'tokenFile' | 'tokensFile'>

/**
 * The token that may do everything, by its setting or the file that another one names; undefined without either.
 * @throws WalletFileError for a file that others may read, ApiTokenInvalidError for one without a token
 */
export async function readApiToken({ token, tokenFile }: Pick<TokenSettings, 'token' | 'tokenFile'>) {
  if (tokenFile === undefined) return token
  const bytes = await readPrivateFile(tokenFile, { maxBytes: 4_096, followLink: true })
  return parseApiToken(bytes.toString('utf8'))
}

/** Every token that callers may show; none lets all call. */
async function readApiTokens(settings: TokenSettings): Promise<readonly ApiToken[]> {
  const owner = await readApiToken(settings)
  const own = owner === undefined ? [] : [ownerToken(owner)]
  if (settings.tokensFile === undefined) return own
  const bytes = await readPrivateFile(settings.tokensFile, { maxBytes: 65_536, followLink: true })
  return [...own, ...parseApiTokens(bytes.toString('utf8'), owner)]
}
