import type { Log } from '../core/log.ts'
import type { ToolCallContext, ToolCatalog } from '../tools/tool.ts'
import { isWrite } from '../tools/tool.ts'
import type { Admission } from './admission.ts'
import type { Authentication } from './authentication.ts'
import { orLastCall } from './last-call.ts'
import { toRefusal } from './problem.ts'
import type { RateLimits } from './rate-limits.ts'
import type { OnRefused } from './refused-access.ts'
import { ruleOfTool } from './scopes.ts'

/** Who may begin what, and how much of it. */
export type Gate = {
  readonly admission: Admission
  readonly assertMay: Authentication['assertMay']
  readonly rateLimits: RateLimits
  readonly onRefused: OnRefused
}

export type AdmittedToolsDeps = Gate & {
  readonly tools: ToolCatalog
  readonly log: Log
  /** May a call wait a moment for its turn, instead of being refused at once? */
  readonly isPatient?: boolean
}

/**
 * The same catalogue for a door: a call needs a scope of its caller and counts to its rate; a write is counted besides.
 * What may not begin is refused as an outcome, and no idempotency key keeps that.
 */
export function admitTools(deps: AdmittedToolsDeps): ToolCatalog {
  const { tools, admission, assertMay, rateLimits, onRefused, log, isPatient } = deps
  const admit = async (effect: 'read' | 'write', { principal, signal }: ToolCallContext): Promise<void> => {
    const { scope, counts } = ruleOfTool({ effect })
    assertMay(principal, scope)
    await (isPatient ? rateLimits.waitForTurn(principal, counts, signal) : rateLimits.assertFew(principal, counts))
  }
  return {
    list: () => tools.list(),
    find: (name) => tools.find(name),
    async call(name, args, context) {
      const effect = isWrite(tools, name) ? 'write' : 'read'
      const run = () =>
        orLastCall(admission.lastCall, { effect, context, run: (going) => tools.call(name, args, going) })
      try {
        await admit(effect, context)
        return await (effect === 'write' ? admission.write(run) : run())
      } catch (error) {
        const { traceId, principal } = context
        const refusal = toRefusal(error, { traceId, log })
        // Any other name is a stranger's own word.
        onRefused({ traceId, principal, code: refusal.code, route: effect === 'write' ? `tool ${name}` : 'tool' })
        return refusal
      }
    },
  }
}
