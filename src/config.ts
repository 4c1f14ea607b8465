import { isIP } from 'node:net'
import { z } from 'zod'
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
const Names = z.string().transform((list) => list.split(',').flatMap((name) => (name.trim() ? [name.trim()] : [])))

/** Every variable that the service reads. Where a secret is wanted, `…_FILE` names a file that holds it. */
const Env = z.object({
  NODE_ENV: z.string().optional(),
  OTTO_HOST: z.string().default('127.0.0.1'),
  OTTO_PORT: Port.default(8080),
  OTTO_DATA_DIR: z.string().min(1).default('var/otto'),
  OTTO_WALLET_DIR: z.string().min(1).default('wallets'),
  OTTO_WALLET_PASSWORD: z.string().min(1, 'must not be empty').optional(),
  OTTO_WALLET_PASSWORD_FILE: z.string().min(1).optional(),
  OTTO_API_TOKEN: z
    .string()
    .regex(/^[\x21-\x7e]{32,512}$/, 'must be 32 to 512 visible ASCII characters')
    .optional(),
  OTTO_API_TOKEN_FILE: z.string().min(1).optional(),
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
  OTTO_SIGNING: z.enum(['auto', 'confirm'], 'must be auto or confirm').default('auto'),
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
    (env) => !isLoopback(env.OTTO_HOST) && env.OTTO_API_TOKEN === undefined && env.OTTO_API_TOKEN_FILE === undefined,
    'OTTO_HOST must be a loopback address (127.0.0.1, ::1 or localhost) unless OTTO_API_TOKEN or OTTO_API_TOKEN_FILE is set',
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
    (env) => env.OTTO_WALLET_PASSWORD !== undefined && env.OTTO_WALLET_PASSWORD_FILE !== undefined,
    'OTTO_WALLET_PASSWORD and OTTO_WALLET_PASSWORD_FILE exclude each other',
  ],
  [
    (env) => env.OPENAI_API_KEY !== undefined && env.OPENAI_API_KEY_FILE !== undefined,
    'OPENAI_API_KEY and OPENAI_API_KEY_FILE exclude each other',
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
    },
    wallet: {
      dir: env.OTTO_WALLET_DIR,
      password: env.OTTO_WALLET_PASSWORD,
      passwordFile: env.OTTO_WALLET_PASSWORD_FILE,
    },
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
    log: { level: env.OTTO_LOG_LEVEL },
  } as const
}

/** Secrets that leave the environment once they are read: no child process and no crash report finds them there. */
const secrets = [
  'OTTO_API_TOKEN',
  'OTTO_WALLET_PASSWORD',
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
