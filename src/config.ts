import { isIP } from 'node:net'
import { z } from 'zod'
import { crashPoints } from './core/crash-point.ts'
import { BaseError } from './core/errors.ts'

/** A setting is missing, wrong, or contradicts another. The message names every one, never a value. */
export class ConfigInvalidError extends BaseError {
  override readonly code = 'CONFIG_INVALID'
  override readonly kind = 'invalid'
  constructor(problems: readonly string[]) {
    super(`Wrong settings: ${problems.join('; ')}`, { hint: 'See .env.example for every setting.' })
  }
}

const OnOff = z
  .enum(['on', 'off', 'true', 'false'], 'must be on or off')
  .transform((word) => word === 'on' || word === 'true')
const Port = z.coerce.number('must be a port').int().min(0).max(65_535)
const Milliseconds = z.coerce.number('must be milliseconds').int().min(0).max(3_600_000)
const Urls = z
  .string()
  .transform((list) => list.split(',').map((url) => url.trim()))
  .pipe(z.array(z.url({ protocol: /^https?$/, error: 'must be http(s) addresses, separated by commas' })).min(1))
const Url = z
  .url({ protocol: /^https?$/, error: 'must be an http(s) address' })
  .transform((url) => url.replace(/\/+$/, ''))
/** `10/40`: ten a second, and forty at once after a rest. */
const Rate = z
  .string()
  .regex(/^[1-9][0-9]{0,5}\/[1-9][0-9]{0,5}$/, 'must be a rate a second and a burst, like 10/40')
  .transform((text) => {
    const [perSecond = 1, burst = 1] = text.split('/').map(Number)
    return { perSecond, burst }
  })
const Count = z.coerce.number('must be a count').int().min(1).max(100_000)
/** A base address: what stands in front of a path, and no secret in it. */
function isPlainAddress(text: string): boolean {
  const { username, password, search, hash } = new URL(text)
  return [username, password, search, hash].every((part) => part === '')
}
const Names = z.string().transform((list) => list.split(',').flatMap((name) => (name.trim() ? [name.trim()] : [])))
const isNetwork = (text: string): boolean => {
  const [address = '', bits, ...more] = text.split('/')
  const most = isIP(address) === 4 ? 32 : isIP(address) === 6 ? 128 : -1
  return more.length === 0 && most > 0 && (bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= most))
}
const Networks = Names.pipe(
  z.array(z.string().refine(isNetwork, 'must be IP addresses or networks like 10.0.0.0/8, separated by commas')),
)

/** Every variable that the service reads. Where a secret is wanted, `…_FILE` names a file that holds it. */
const Env = z.object({
  NODE_ENV: z.string().optional(),
  OTTO_HOST: z.string().default('127.0.0.1'),
  OTTO_PORT: Port.default(8080),
  OTTO_DATA_DIR: z.string().min(1).default('var/otto'),
  DATABASE_URL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\//, 'must be a postgres:// address')
    .optional(),
  DATABASE_URL_FILE: z.string().min(1).optional(),
  OTTO_WALLET_DIR: z.string().min(1).default('wallets'),
  OTTO_WALLET_PASSWORD: z.string().min(1, 'must not be empty').optional(),
  OTTO_WALLET_PASSWORD_FILE: z.string().min(1).optional(),
  OTTO_API_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{32,512}$/, 'must be 32 to 512 visible ASCII characters')
    .optional(),
  OTTO_API_TOKEN_FILE: z.string().min(1).optional(),
  OTTO_API_TOKENS_FILE: z.string().min(1).optional(),
  OTTO_RATE_LIMIT: OnOff.default(true),
  OTTO_RATE_WRITES: Rate.default({ perSecond: 10, burst: 40 }),
  OTTO_RATE_READS: Rate.default({ perSecond: 100, burst: 300 }),
  OTTO_RATE_CHATS: Rate.default({ perSecond: 2, burst: 10 }),
  OTTO_MAX_REQUESTS: Count.default(256),
  OTTO_MAX_WRITES: Count.default(64),
  OTTO_MAX_CONNECTIONS: Count.default(1_000),
  OTTO_MAX_LOOP_DELAY_MS: Milliseconds.default(200),
  OTTO_TRUST_PROXY: Networks.default([]),
  OTTO_ALLOWED_HOSTS: Names.default([]),
  OTTO_ALLOWED_ORIGINS: Names.default([]),
  OTTO_L1_URL: Urls.optional(),
  OTTO_L0_URL: Urls.optional(),
  OTTO_DIALECT: z.enum(['workchain', 'ottochain'], 'must be workchain or ottochain').default('workchain'),
  OTTO_OTTOCHAIN_NULLS: z.enum(['drop', 'keep'], 'must be drop or keep').default('drop'),
  OTTO_DEVNET_L1_PORT: Port.default(9000),
  OTTO_DEVNET_L0_PORT: Port.default(9100),
  OTTO_DEVNET_EXTENSIONS: OnOff.default(true),
  OTTO_DEVNET_WEBHOOKS: z.enum(['off', 'loopback', 'any'], 'must be off, loopback or any').default('off'),
  OTTO_DEVNET_LATENCY_MS: Milliseconds.default(0),
  OTTO_DEVNET_LAG_ORDINALS: z.coerce.number('must be a count').int().min(0).max(1_000).default(0),
  OTTO_SNAPSHOT_MS: Milliseconds.default(0),
  OTTO_TOOL_DEADLINE_MS: Milliseconds.min(100).default(30_000),
  OTTO_EXPOSE_SIMULATE: OnOff.default(false),
  OTTO_SIGNING: z.enum(['auto', 'confirm', 'external'], 'must be auto, confirm or external').default('auto'),
  OTTO_SIGNER_URL: Url.refine(isPlainAddress, 'must be an http(s) address without user, query and fragment').optional(),
  OTTO_SIGNER_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{32,512}$/, 'must be 32 to 512 visible ASCII characters')
    .optional(),
  OTTO_SIGNER_TOKEN_FILE: z.string().min(1).optional(),
  OTTO_ALLOW_AUTOSIGN: OnOff.default(false),
  OTTO_MODEL_PROVIDER: z.enum(['ollama', 'openai'], 'must be ollama or openai').default('ollama'),
  OTTO_MODEL: z.string().min(1).default('llama3.2'),
  OTTO_NUM_CTX: z.coerce.number('must be a number of tokens').int().min(1_024).max(1_048_576).default(8_192),
  OLLAMA_URL: Url.default('http://localhost:11434'),
  OPENAI_URL: Url.default('https://api.openai.com/v1'),
  OPENAI_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')
    .optional(),
  OPENAI_API_KEY_FILE: z.string().min(1).optional(),
  OTTO_OLLAMA_ADMIN: OnOff.default(false),
  OTTO_TOOL_CARDS: z.enum(['auto', 'on', 'off'], 'must be auto, on or off').default('auto'),
  OTEL_EXPORTER_OTLP_ENDPOINT: Url.optional(),
  OTTO_TEST_CRASHPOINT: z
    .string()
    .regex(/^[a-z-]+:[1-9][0-9]{0,5}$/, 'must be a place and a count, like before-submit:3')
    .transform((text) => text.split(':'))
    .pipe(z.tuple([z.enum(crashPoints, 'must name a crash point'), z.coerce.number<string>()]))
    .optional(),
  OTTO_LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], 'must be a pino level')
    .default('info'),
})

/** The names of all variables, for the documents that list them. */
export const settingNames: readonly string[] = Object.keys(Env.shape)

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
  return toConfig(parsed.data)
}
export type Config = ReturnType<typeof parseConfig>

function toConfig(env: z.output<typeof Env>) {
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
] as const

/** A copy of the process's environment, taken once; the secrets are then gone from the original. */
export function takeEnvironment(): Readonly<Record<string, string | undefined>> {
  const env = { ...process.env }
  for (const name of secrets) delete process.env[name]
  return env
}
