import { isIP } from 'node:net'
import { z } from 'zod'
import { crashPoints } from './core/crash-point.ts'

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
export const Env = z.object({
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
  ANTHROPIC_URL: Url.default('https://api.anthropic.com'),
  ANTHROPIC_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be visible ASCII characters')
    .optional(),
  ANTHROPIC_API_KEY_FILE: z.string().min(1).optional(),
  OTTO_ENABLED: OnOff.default(false),
  OTTO_KILL_SWITCH: OnOff.default(false),
  OTTO_AUDIT_MODE: OnOff.default(false),
  OTTO_MAX_USD_PER_DAY: z.coerce.number('must be dollars').min(0).default(10),
  OTTO_PROJECT_DIR: z.string().min(1).default('.otto'),
  OTTO_USER_DIR: z.string().min(1).optional(),
  OTTO_ARTIFACT_DAYS: z.coerce.number('must be days').min(0.01).max(3_650).default(7),
  OTTO_CONTEXT_MB: z.coerce.number('must be megabytes').int().min(1).max(16_384).default(100),
  OTTO_TELEMETRY: Names.pipe(z.array(z.enum(['jsonl', 'stdout'], 'must be jsonl, stdout or both'))).default(['jsonl']),
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
