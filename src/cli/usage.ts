import { parseArgs } from 'node:util'
import { nanoUsdPerUsd } from '../budget/budget.ts'
import { usageKeys } from '../budget/usage.ts'
import { parseConfig } from '../config.ts'
import { systemClock } from '../system.ts'
import { printable } from './_printable.ts'
import type { Service } from './_service.ts'
import { createService, localUrl } from './_service.ts'
import { toTable } from './_table.ts'
import type { UsageAnswer, UsageQuestion } from './_usage-question.ts'
import { AskedUsage, UsageReport } from './_usage-question.ts'
import { readStoredCsv, readStoredUsage } from './_usage-stored.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto usage [--by agent,model] [--since 1d] [--until 2026-11-22] [--scope agent:otto] [--session id] [--top n] [--csv] [--url http://127.0.0.1:8080]

What agents used: calls, tokens, dollars. --by adds it up by one or more of ${usageKeys.join(', ')};
--since and --until take 30m, 2h, 1d (before now) or a date; --scope takes what --by does but for hour and day.
--csv prints every single row instead. It asks the service that runs here, and reads the database itself where none does.`

/** `otto usage`: what was spent, by whom. */
export const usageCommand: Command = {
  name: 'usage',
  summary: 'what agents used: calls, tokens, dollars',
  usage,
  async run(args, context) {
    const asked = AskedUsage(systemClock.nowMs()).safeParse(parseArgs({ args: [...args], options }).values)
    if (!asked.success) {
      const problems = asked.error.issues.map(({ path, message }) => `--${String(path[0])} ${message}`)
      context.err(`otto usage: ${[...new Set(problems)].join('; ')}\n\n${usage}`)
      return 2
    }
    const { url, csv, ...question } = asked.data
    const service = await createService(url ?? localUrl(parseConfig(context.env).http), context)
    try {
      // A service that was named must answer; the one that may run here need not.
      const isAsked = url !== undefined || (await service.isThere())
      const lines = csv ? csvLines : sumLines
      for await (const line of lines(isAsked ? service : undefined, question, context)) context.out(line)
      return 0
    } finally {
      await service.close()
    }
  },
}

const text = { type: 'string' } as const
const options = {
  ...{ by: text, since: text, until: text, scope: text, session: text, top: text, url: text },
  csv: { type: 'boolean' },
} as const

/** Whom to ask; undefined: the database itself. */
type Asked = Service | undefined

async function* csvLines(service: Asked, question: UsageQuestion, context: CommandContext): AsyncGenerator<string> {
  if (service === undefined) yield* readStoredCsv(question, context)
  else yield (await service.readText(`${pathOf(question)}&format=csv`)).trimEnd()
}

async function* sumLines(service: Asked, question: UsageQuestion, context: CommandContext): AsyncGenerator<string> {
  yield* toLines(
    service === undefined
      ? await readStoredUsage(question, context)
      : await service.read(pathOf(question), UsageReport),
    question,
  )
}

function pathOf({ by, scope, range, top }: UsageQuestion): string {
  const when = (atMs: number) => new Date(atMs).toISOString()
  const query = new URLSearchParams({
    ...(by.length === 0 ? {} : { by: by.join(',') }),
    ...(scope === undefined ? {} : { scope: `${scope.key}:${scope.value}` }),
    ...(range.fromMs === undefined ? {} : { from: when(range.fromMs) }),
    ...(range.untilMs === undefined ? {} : { until: when(range.untilMs) }),
    ...(top === undefined ? {} : { top: String(top) }),
  })
  return `/api/v1/usage?${query}`
}

function toLines({ totals, groups }: UsageAnswer, { by }: UsageQuestion): readonly string[] {
  const [first = 'total', ...others] = by
  const head = [first, ...others, ' calls', ' tokens in', ' tokens out', ' dollars', ' ms', ' errors']
  const rows = groups.map((group) => [...by.map((key) => printable(group.keys[key] ?? '-')), ...numbersOf(group)])
  return toTable(head, [...(by.length === 0 ? [] : rows), ['all', ...others.map(() => ''), ...numbersOf(totals)]])
}

const numbersOf = ({ calls, inputTokens, outputTokens, nanoUsd, ms, errors }: UsageAnswer['totals']) => [
  ...[calls, inputTokens, outputTokens].map(String),
  (nanoUsd / nanoUsdPerUsd).toFixed(6), // single calls cost less than a cent
  ...[ms, errors].map(String),
]
