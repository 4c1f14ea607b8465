import { isIP } from 'node:net'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import { BaseError } from './core/errors.ts'
import { Env } from './settings.ts'

/** A setting is missing, wrong, or contradicts another. The message names every one, never a value. */
export class ConfigInvalidError extends BaseError {
  override readonly code = 'CONFIG_INVALID'
  override readonly kind = 'invalid'
  constructor(problems: readonly string[]) {
    super(`Wrong settings: ${problems.join('; ')}`, { hint: 'See .env.example for every setting.' })
  }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))

/** What one variable alone cannot tell: each row a rule between settings. */
const rules: readonly (readonly [broken: (env: z.output<typeof Env>) => boolean, problem: string])[] = [
  [
    (env) =>
      !isLoopback(env.OTTO_HOST) &&
      [env.OTTO_API_TOKEN, env.OTTO_API_TOKEN_FILE, env.OTTO_API_TOKENS_FILE].every((token) => token === undefined),
    'OTTO_HOST must be a loopback address (127.0.0.1, ::1 or localhost) unless OTTO_API_TOKEN, OTTO_API_TOKEN_FILE or OTTO_API_TOKENS_FILE is set',
  ],
  [
    (env) => env.OTTO_API_TOKEN !== undefined && env.OTTO_API_TOKEN_FILE !== undefined,
    'OTTO_API_TOKEN and OTTO_API_TOKEN_FILE exclude each other',
  ],
  [
    (env) => (env.OTTO_L1_URL === undefined) !== (env.OTTO_L0_URL === undefined),
    'OTTO_L1_URL and OTTO_L0_URL go together',
  ],
  [
    (env) => env.DATABASE_URL !== undefined && env.DATABASE_URL_FILE !== undefined,
    'DATABASE_URL and DATABASE_URL_FILE exclude each other',
  ],
  [
    // Bridges that share their records must share a ledger too: each one's own would hold other games.
    (env) => (env.DATABASE_URL !== undefined || env.DATABASE_URL_FILE !== undefined) && env.OTTO_L1_URL === undefined,
    'DATABASE_URL needs OTTO_L1_URL and OTTO_L0_URL, the ledger that all bridges share',
  ],
  [
    (env) => env.OTTO_WALLET_PASSWORD !== undefined && env.OTTO_WALLET_PASSWORD_FILE !== undefined,
    'OTTO_WALLET_PASSWORD and OTTO_WALLET_PASSWORD_FILE exclude each other',
  ],
  [
    (env) => env.OPENAI_API_KEY !== undefined && env.OPENAI_API_KEY_FILE !== undefined,
    'OPENAI_API_KEY and OPENAI_API_KEY_FILE exclude each other',
  ],
  [
    (env) => env.ANTHROPIC_API_KEY !== undefined && env.ANTHROPIC_API_KEY_FILE !== undefined,
    'ANTHROPIC_API_KEY and ANTHROPIC_API_KEY_FILE exclude each other',
  ],
  [
    (env) => env.OTTO_SIGNING === 'external' && env.OTTO_SIGNER_URL === undefined,
    'OTTO_SIGNER_URL must name the signer when OTTO_SIGNING is external',
  ],
  [
    // Somebody who thinks that the keys are elsewhere, while they are here.
    (env) => env.OTTO_SIGNING !== 'external' && env.OTTO_SIGNER_URL !== undefined,
    'OTTO_SIGNER_URL goes with OTTO_SIGNING=external',
  ],
  [
    (env) => env.OTTO_SIGNER_TOKEN !== undefined && env.OTTO_SIGNER_TOKEN_FILE !== undefined,
    'OTTO_SIGNER_TOKEN and OTTO_SIGNER_TOKEN_FILE exclude each other',
  ],
  [
    (env) => env.OTTO_TEST_CRASHPOINT !== undefined && env.NODE_ENV !== 'test',
    'OTTO_TEST_CRASHPOINT kills the process on purpose: it wants NODE_ENV=test',
  ],
  [
    (env) => env.NODE_ENV === 'production' && env.OTTO_SIGNING === 'auto' && !env.OTTO_ALLOW_AUTOSIGN,
    'OTTO_ALLOW_AUTOSIGN must be true to sign every move unasked when NODE_ENV is production',
  ],
]

/** @throws ConfigInvalidError listing every wrong variable */
export function parseConfig(env: Readonly<Record<string, string | undefined>>) {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))
  const parsed = Env.safeParse(given)
  if (!parsed.success)
    throw new ConfigInvalidError(parsed.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`))
  const problems = rules.flatMap(([broken, problem]) => (broken(parsed.data) ? [problem] : []))
  if (problems.length > 0) throw new ConfigInvalidError(problems)
  return toConfig(parsed.data, given)
}
export type Config = ReturnType<typeof parseConfig>

function toConfig(env: z.output<typeof Env>, given: Readonly<Record<string, string | undefined>>) {
  const { OTTO_L1_URL: l1, OTTO_L0_URL: l0 } = env
  return {
    http: {
      host: env.OTTO_HOST,
      port: env.OTTO_PORT,
      allowedHosts: env.OTTO_ALLOWED_HOSTS,
      allowedOrigins: env.OTTO_ALLOWED_ORIGINS,
      token: env.OTTO_API_TOKEN,
      tokenFile: env.OTTO_API_TOKEN_FILE,
      tokensFile: env.OTTO_API_TOKENS_FILE,
      trustedProxies: env.OTTO_TRUST_PROXY,
      /** Of each caller; undefined: none is counted. */
      rates: env.OTTO_RATE_LIMIT
        ? { write: env.OTTO_RATE_WRITES, read: env.OTTO_RATE_READS, chat: env.OTTO_RATE_CHATS }
        : undefined,
      limits: {
        maxRequestsInFlight: env.OTTO_MAX_REQUESTS,
        maxWritesInFlight: env.OTTO_MAX_WRITES,
        maxConnections: env.OTTO_MAX_CONNECTIONS,
      },
      /** 0: nobody looks. */
      maxLoopDelayMs: env.OTTO_MAX_LOOP_DELAY_MS,
    },
    wallet: {
      dir: env.OTTO_WALLET_DIR,
      password: env.OTTO_WALLET_PASSWORD,
      passwordFile: env.OTTO_WALLET_PASSWORD_FILE,
    },
    /** Where records are kept: a file in the data directory unless an address is given. */
    records: { dataDir: env.OTTO_DATA_DIR, url: env.DATABASE_URL, urlFile: env.DATABASE_URL_FILE },
    dialect: { name: env.OTTO_DIALECT, ottochainNulls: env.OTTO_OTTOCHAIN_NULLS },
    /** Addresses of a real metagraph; undefined runs the embedded one. */
    nodes: l1 && l0 ? { l1, l0 } : undefined,
    devnet: {
      /** Loopback always: a ledger of our own asks nobody who they are. */
      host: isLoopback(env.OTTO_HOST) ? env.OTTO_HOST : '127.0.0.1',
      dataDir: env.OTTO_DATA_DIR,
      l1Port: env.OTTO_DEVNET_L1_PORT,
      l0Port: env.OTTO_DEVNET_L0_PORT,
      extensions: env.OTTO_DEVNET_EXTENSIONS,
      latencyMs: env.OTTO_DEVNET_LATENCY_MS,
      lagOrdinals: env.OTTO_DEVNET_LAG_ORDINALS,
      snapshotMs: env.OTTO_SNAPSHOT_MS,
      webhooks: env.OTTO_DEVNET_WEBHOOKS,
    },
    tools: { deadlineMs: env.OTTO_TOOL_DEADLINE_MS, exposeSimulate: env.OTTO_EXPOSE_SIMULATE },
    signing: env.OTTO_SIGNING,
    /** Another process that holds the keys, and what is shown to it; the signer itself reads the token too. */
    signer: { url: env.OTTO_SIGNER_URL, token: env.OTTO_SIGNER_TOKEN, tokenFile: env.OTTO_SIGNER_TOKEN_FILE },
    model: {
      provider: env.OTTO_MODEL_PROVIDER,
      name: env.OTTO_MODEL,
      numCtx: env.OTTO_NUM_CTX,
      ollamaUrl: env.OLLAMA_URL,
      openAiUrl: env.OPENAI_URL,
      openAiKey: env.OPENAI_API_KEY,
      openAiKeyFile: env.OPENAI_API_KEY_FILE,
      anthropicUrl: env.ANTHROPIC_URL,
      anthropicKey: env.ANTHROPIC_API_KEY,
      anthropicKeyFile: env.ANTHROPIC_API_KEY_FILE,
    },
    /** Do agents run, and not the bridge alone? */
    isEnabled: env.OTTO_ENABLED,
    kill: { isOn: env.OTTO_KILL_SWITCH, file: join(env.OTTO_DATA_DIR, 'KILL') },
    agents: {
      /** Files of the project stand over those of the user. */
      projectDir: env.OTTO_PROJECT_DIR,
      userDir: env.OTTO_USER_DIR ?? join(homedir(), '.otto'),
      dataDir: env.OTTO_DATA_DIR,
      isAuditMode: env.OTTO_AUDIT_MODE,
      maxUsdPerDay: env.OTTO_MAX_USD_PER_DAY,
      artifactDays: env.OTTO_ARTIFACT_DAYS,
      contextBytes: env.OTTO_CONTEXT_MB * 1024 * 1024,
      telemetry: env.OTTO_TELEMETRY,
      /** What files of agents may name as `${NAME}`. */
      variables: Object.fromEntries(Object.entries(given).filter(([name]) => !isSecret(name))),
    },
    chat: { allowAdmin: env.OTTO_OLLAMA_ADMIN, toolCards: env.OTTO_TOOL_CARDS },
    otlpUrl: env.OTEL_EXPORTER_OTLP_ENDPOINT,
    /** For tests alone: where the process kills itself, at the how many-th passing. */
    crashPoint: env.OTTO_TEST_CRASHPOINT,
    log: { level: env.OTTO_LOG_LEVEL },
  } as const
}

/** Secrets that leave the environment once they are read: no child process and no crash report finds them there. */
export const secrets = [
  'DATABASE_URL',
  'OTTO_API_TOKEN',
  'OTTO_WALLET_PASSWORD',
  'OTTO_SIGNER_TOKEN',
  'OTTO_IMPORT_PASSWORD',
  'OTTO_IMPORT_KEY_PASSWORD',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
] as const

const isSecret = (name: string): boolean => secrets.some((secret) => secret === name)

/** The environment of a program that is not ours: nothing is taken out of it. */
export const seeEnvironment = (): Readonly<Record<string, string | undefined>> => ({ ...process.env })

/** A copy of the process's environment, taken once; the secrets are then gone from the original. */
export function takeEnvironment(): Readonly<Record<string, string | undefined>> {
  const env = { ...process.env }
  for (const name of secrets) delete process.env[name]
  return env
}
