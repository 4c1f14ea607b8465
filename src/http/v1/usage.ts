import type { FastifyPluginAsync } from 'fastify'
import { z } from 'zod'
import type { BudgetStanding, Budgets } from '../../budget/budget.ts'
import { nanoUsdPerUsd } from '../../budget/budget.ts'
import type { UsageKey, UsageLedger, UsageScope, UsageTotals } from '../../budget/usage.ts'
import { usageKeys } from '../../budget/usage.ts'
import { toCsv } from '../../budget/usage-csv.ts'
import type { Clock } from '../../core/clock.ts'
import { Moment, parseQuery } from '../query.ts'

export type UsageRoutesDeps = {
  /** @throws FeatureDisabledError where agents do not run, from both */
  readonly usage: () => Pick<UsageLedger, 'getUsage' | 'query' | 'rows'>
  readonly budgets: () => Pick<Budgets, 'standings'>
  readonly clock: Pick<Clock, 'nowMs'>
}

const Totals = z.object({
  calls: z.int(),
  inputTokens: z.int(),
  outputTokens: z.int(),
  cachedTokens: z.int(),
  nanoUsd: z.int().describe('Billionths of a dollar: exact.'),
  costUsd: z.number(),
  ms: z.int(),
  errors: z.int(),
})

/** `GET /api/v1/usage`. */
export const UsageReport = z.object({
  range: z.object({ from: z.iso.datetime().nullable(), until: z.iso.datetime().nullable() }),
  totals: Totals,
  groups: z.array(Totals.extend({ keys: z.record(z.string(), z.string()) })),
})

const Amount = z.object({ tokens: z.int(), costUsd: z.number() })

/** `GET /api/v1/budgets`. */
export const BudgetReport = z.object({
  budgets: z.array(
    z.object({
      scope: z.enum(['day', 'agent', 'session', 'workflow', 'task', 'stage', 'call']),
      id: z.string(),
      window: z.enum(['process', 'day', 'ever']),
      limit: z.object({ tokens: z.int().nullable(), costUsd: z.number().nullable() }),
      spent: Amount,
      held: Amount.describe('Reserved for calls under way, or by a process that died.'),
    }),
  ),
})

const scopeKeys = usageKeys.filter((key) => key !== 'hour' && key !== 'day')
const isScopeKey = (key: string): key is UsageScope['key'] => scopeKeys.some((known) => known === key)
const isUsageKey = (key: string): key is UsageKey => usageKeys.some((known) => known === key)

const Scope = z.string().transform((text, context): UsageScope => {
  const [key = '', ...rest] = text.split(':')
  const value = rest.join(':')
  if (isScopeKey(key) && value !== '') return { key, value }
  context.addIssue({ code: 'custom', message: 'is no scope' })
  return z.NEVER
})

const Keys = z
  .string()
  .transform((list) => list.split(','))
  .pipe(z.array(z.custom<UsageKey>((key) => typeof key === 'string' && isUsageKey(key))).max(usageKeys.length))

const Query = (nowMs: number) =>
  z.strictObject({
    scope: Scope.optional(),
    from: Moment(nowMs).optional(),
    until: Moment(nowMs).optional(),
    by: Keys.default([]),
    top: z
      .string()
      .regex(/^[1-9][0-9]{0,3}$/)
      .transform(Number)
      .optional(),
    format: z.enum(['json', 'csv']).default('json'),
  })

const hint = `Use scope (agent:otto, session:…, model:…), from and until (-1d, -2h, or a date), by (${usageKeys.join(',')}), top (1 to 9999), format (json or csv).`

/** What was spent, and what may be. */
export const usageRoutes =
  ({ usage, budgets, clock }: UsageRoutesDeps): FastifyPluginAsync =>
  async (instance) => {
    instance.get('/api/v1/usage', async ({ query }, reply) => {
      const { scope, from, until, by, top, format } = parseQuery(Query(clock.nowMs()), query, hint)
      const range = {
        ...(from === undefined ? {} : { fromMs: from }),
        ...(until === undefined ? {} : { untilMs: until }),
      }
      if (format === 'csv')
        return reply.type('text/csv; charset=utf-8').send(await collect(toCsv(usage().rows(range, scope))))
      const totals = await usage().getUsage(scope, range)
      const groups = by.length === 0 && top === undefined ? [] : await usage().query({ by, scope, range, top })
      return {
        range: { from: toText(from), until: toText(until) },
        totals: toTotals(totals),
        groups: groups.map(({ keys, ...group }) => ({ keys, ...toTotals(group) })),
      }
    })
    instance.get('/api/v1/budgets', async (): Promise<z.output<typeof BudgetReport>> => {
      return { budgets: (await budgets().standings()).map(toStanding) }
    })
  }

const maxCsvBytes = 32 * 1024 * 1024

/** At most 32 MiB of it: who wants more asks for shorter ranges. */
async function collect(lines: AsyncIterable<string>): Promise<string> {
  let text = ''
  for await (const line of lines) {
    text += line
    if (text.length > maxCsvBytes) break
  }
  return text
}

const toText = (atMs: number | undefined): string | null => (atMs === undefined ? null : new Date(atMs).toISOString())
const toTotals = (totals: UsageTotals) => ({ ...totals, costUsd: totals.nanoUsd / nanoUsdPerUsd })
const toUsd = (nanoUsd: number | undefined): number | null => (nanoUsd === undefined ? null : nanoUsd / nanoUsdPerUsd)
const toAmount = ({ tokens, nanoUsd }: BudgetStanding['spent']) => ({ tokens, costUsd: nanoUsd / nanoUsdPerUsd })

const toStanding = ({ kind, id, window, tokens, nanoUsd, spent, held }: BudgetStanding) => ({
  scope: kind,
  id,
  window,
  limit: { tokens: tokens ?? null, costUsd: toUsd(nanoUsd) },
  spent: toAmount(spent),
  held: toAmount(held),
})
