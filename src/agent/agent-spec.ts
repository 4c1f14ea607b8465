import { z } from 'zod'
import { permissions } from '../policy/authorize.ts'

/** Providers of models. `scripted` needs none: a script answers, and says so. */
export const providers = ['ollama', 'openai', 'anthropic', 'scripted'] as const
export type Provider = (typeof providers)[number]

const Profile = z.strictObject({
  command: z.string().min(1).max(200),
  args: z.array(z.string().max(1_000)).max(50).default([]),
  format: z.enum(['vitest', 'tap', 'exunit']).default('vitest'),
})

const Budgets = z.strictObject({
  /** Seconds of one task. */
  time: z.number().positive().max(86_400).default(300),
  /** Of both directions, of one task. */
  tokens: z.int().positive().optional(),
  cost_usd: z.number().min(0).max(10).optional(),
  /** Of all tasks of this agent on one UTC day. */
  per_day: z
    .strictObject({ tokens: z.int().positive().optional(), cost_usd: z.number().min(0).max(10).optional() })
    .default({}),
  /** Of all tasks of one session. */
  per_session: z
    .strictObject({ tokens: z.int().positive().optional(), cost_usd: z.number().min(0).max(10).optional() })
    .default({}),
})

/** An agent as its file declares it. Members in snake_case, as in the file; nothing else is taken. */
export const AgentSpec = z.strictObject({
  name: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/, 'must be 1 to 64 of a-z, 0-9 and -, a letter first'),
  description: z.string().max(1_024).default(''),
  model: z.string().min(1).max(200),
  provider: z.enum(providers).default('ollama'),
  system_prompt: z.string().min(1).max(16_384),
  /** Names of tools: what it may call. None: no tool. */
  tools: z.array(z.string().min(1).max(128)).max(100).default([]),
  permissions: z.array(z.enum(permissions)).default(['read']),
  /** Capabilities, such as `ledger.sign:playerX`. */
  scopes: z
    .array(z.string().regex(/^[a-z]+(?:\.[a-z]+)*(?::[A-Za-z0-9*._-]+)?$/))
    .max(50)
    .default([]),
  budgets: Budgets.prefault({}),
  /** Output tokens of one answer. */
  max_tokens: z.int().min(16).max(200_000).default(2_048),
  temperature: z.number().min(0).max(2).optional(),
  /** Questions to the model in one task. */
  max_rounds: z.int().min(1).max(1_000).default(24),
  isolation: z.enum(['inline', 'worker', 'process']).default('inline'),
  /** Of a worker or a process. */
  memory_mb: z.int().min(32).max(16_384).default(256),
  /** Tasks at once, and waiting behind them. */
  concurrency: z.int().min(1).max(1_000).default(4),
  queue: z.int().min(0).max(10_000).default(100),
  http: z
    .strictObject({
      allow: z.array(z.string().min(1).max(253)).max(100).default([]),
      requests_per_minute: z.int().min(1).max(10_000).default(10),
    })
    .prefault({}),
  test_profiles: z.record(z.string().regex(/^[a-z][a-z0-9-]{0,31}$/), Profile).default({}),
  transcript: z
    .strictObject({
      /** Messages kept in memory; the file has all of them. */
      keep: z.int().min(4).max(10_000).default(200),
      /** Older messages are summed up past so many tokens; 60 % of the model's context unless told. */
      max_tokens: z.int().min(200).optional(),
    })
    .prefault({}),
  /** Regular expressions; what they match is not stored. */
  redact: z.array(z.string().min(1).max(500)).max(50).default([]),
})
export type AgentSpec = z.output<typeof AgentSpec>
