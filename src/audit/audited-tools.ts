import { hash } from 'node:crypto'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import { failureOf } from '../tools/failure.ts'
import type { ToolCallContext, ToolCatalog, ToolOutcome } from '../tools/tool.ts'
import { isWrite } from '../tools/tool.ts'
import type { Audit } from './audit.ts'

/**
 * The same catalogue; every call leaves a record. While none can be written, writes are refused before anything is
 * signed, and reads go on.
 */
export function auditTools(catalog: ToolCatalog, audit: Pick<Audit, 'append' | 'assertWritable'>): ToolCatalog {
  const run = async (name: string, args: unknown, context: ToolCallContext): Promise<ToolOutcome> => {
    try {
      if (isWrite(catalog, name)) audit.assertWritable()
    } catch (error) {
      return failureOf(error, { traceId: context.traceId, submitted: false })
    }
    return catalog.call(name, args, context)
  }

  return {
    ...catalog,
    async call(name, args, context) {
      // Any other name is a stranger's own word.
      const tool = catalog.find(name)?.description.name
      const outcome = await run(name, args, context)
      audit.append({
        kind: 'call',
        traceId: context.traceId,
        principal: context.principal,
        tool: tool ?? 'unknown',
        argsHash: callHash(tool ?? name, args),
        ...wordsOf(outcome),
      })
      return outcome
    },
  }
}

function wordsOf(outcome: ToolOutcome) {
  const facts = outcome.success ? outcome.result : outcome.details
  return {
    outcome: outcome.success ? 'applied' : outcome.outcome,
    code: outcome.success ? 'OK' : outcome.code,
    gameId: textIn(facts, 'gameId'),
    hash: textIn(facts, 'hash'),
    intentId: textIn(facts, 'intentId'),
    replayed: outcome.success ? outcome.replayed : undefined,
  }
}

function textIn(facts: JsonObject, name: string): string | undefined {
  const value = member(facts, name)
  return typeof value === 'string' ? value : undefined
}

/** SHA-256, hex, of the JSON text of a call: equal to the log's `argsHash` where the arguments came in the schema's order. */
export const callHash = (tool: string, args: unknown): string =>
  hash('sha256', JSON.stringify([tool, withoutKey(args)]), 'hex')

function withoutKey(args: unknown): unknown {
  const json = args as JsonValue // what every door gives comes out of parsed JSON
  if (!isJsonObject(json)) return args
  const { idempotencyKey: _, ...rest } = json
  return rest
}
