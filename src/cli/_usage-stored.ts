import { pino } from 'pino'
import { toCsv } from '../budget/usage-csv.ts'
import { createUsageLedger } from '../budget/usage-ledger.ts'
import { parseConfig } from '../config.ts'
import { openDatabase } from '../open-records.ts'
import { randomId, systemClock } from '../system.ts'
import type { UsageAnswer, UsageQuestion } from './_usage-question.ts'
import type { CommandContext } from './command.ts'

/**
 * The ledger of usage in the database of these settings, whose tables are left as they are; undefined where it has none
 * yet, so that nothing was ever used.
 */
async function openUsage({ env }: CommandContext) {
  const { records, log } = parseConfig(env)
  await using opened = new AsyncDisposableStack()
  const database = opened.adopt(
    await openDatabase(records, pino({ level: log.level }), { isMigrated: false }),
    (open) => open.close(),
  )
  const tables = await database.query.introspection.getTables()
  const isThere = tables.some(({ name }) => name === 'usage')
  const ledger = isThere ? createUsageLedger({ database, clock: systemClock, newId: randomId }) : undefined
  const running = opened.move()
  return { ledger, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const nothing: UsageAnswer = {
  totals: { calls: 0, inputTokens: 0, outputTokens: 0, nanoUsd: 0, ms: 0, errors: 0 },
  groups: [],
}

/** Sums by the stored rows, where no service answers. @throws as openDatabase does */
export async function readStoredUsage(
  { by, scope, range, top }: UsageQuestion,
  context: CommandContext,
): Promise<UsageAnswer> {
  await using open = await openUsage(context)
  if (open.ledger === undefined) return nothing
  const totals = await open.ledger.getUsage(scope, range)
  return { totals, groups: await open.ledger.query({ by, scope, range, top }) }
}

/** Every stored row as a line, a head first. @throws as openDatabase does */
export async function* readStoredCsv({ scope, range }: UsageQuestion, context: CommandContext): AsyncGenerator<string> {
  await using open = await openUsage(context)
  for await (const line of toCsv(open.ledger?.rows(range, scope) ?? [])) yield line.trimEnd()
}
