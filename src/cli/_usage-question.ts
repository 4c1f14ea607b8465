import { z } from 'zod'
import type { UsageScope } from '../budget/usage.ts'
import { usageKeys } from '../budget/usage.ts'
import { Moment } from '../http/query.ts'

const Key = z.enum(usageKeys, `must name some of ${usageKeys.join(', ')}, separated by commas`)
const ScopeKey = Key.exclude(['hour', 'day'])

const Scope = z.string().transform((word, context): UsageScope => {
  const [key, ...rest] = word.split(':')
  const parsed = ScopeKey.safeParse(key)
  if (parsed.success && rest.join(':') !== '') return { key: parsed.data, value: rest.join(':') }
  context.addIssue({ code: 'custom', message: 'must be like agent:otto' })
  return z.NEVER
})

/** The options of `otto usage`, read at a moment, epoch milliseconds: `1d` is a day before it. */
export const AskedUsage = (nowMs: number) => {
  const When = Moment(nowMs).optional()
  return z
    .object({
      by: z
        .string()
        .transform((list) => list.split(','))
        .pipe(z.array(Key))
        .default([]),
      since: When,
      until: When,
      scope: Scope.optional(),
      session: z.string().min(1).optional(),
      top: z.coerce.number('must be a count').int().min(1).max(9_999).optional(),
      csv: z.boolean().default(false),
      url: z.url({ protocol: /^https?$/, error: 'must be an http address' }).optional(),
    })
    .refine(({ scope, session }) => scope === undefined || session === undefined, {
      path: ['session'],
      error: 'is a scope already',
    })
    .refine(({ csv, by, top }) => !csv || (by.length === 0 && top === undefined), {
      path: ['csv'],
      error: 'prints rows: it goes with neither --by nor --top',
    })
    .transform(({ session, scope, since, until, ...rest }) => ({
      ...rest,
      scope: session === undefined ? scope : ({ key: 'session', value: session } as const),
      range: {
        ...(since === undefined ? {} : { fromMs: since }),
        ...(until === undefined ? {} : { untilMs: until }),
      },
    }))
}

/** What is asked for, whoever answers. */
export type UsageQuestion = Omit<z.output<ReturnType<typeof AskedUsage>>, 'url' | 'csv'>

const Totals = z.object({
  calls: z.number(),
  inputTokens: z.number(),
  outputTokens: z.number(),
  nanoUsd: z.number(),
  ms: z.number(),
  errors: z.number(),
})

/** What `GET /api/v1/usage` answers, as far as it is printed. */
export const UsageReport = z.object({
  totals: Totals,
  groups: z.array(Totals.extend({ keys: z.partialRecord(Key, z.string()) })).readonly(),
})
/** Sums, whoever gave them. */
export type UsageAnswer = z.output<typeof UsageReport>
