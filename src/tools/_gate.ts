import type { PolicyRule } from '../policy/authorize.ts'
import { authorize } from '../policy/authorize.ts'
import { KillSwitchError, PermissionDeniedError } from '../policy/errors.ts'
import type { KillGuard } from '../policy/kill-switch.ts'
import type { Tool, ToolCallContext } from './tool.ts'

export type GateDeps = {
  readonly kill: KillGuard | undefined
  readonly isAuditMode: boolean
  readonly grantsOf: (agentId: string) => ReadonlySet<string>
  /** Told of what audit mode lets pass. */
  readonly onWouldDeny: (tool: Tool, context: ToolCallContext, rule: PolicyRule) => void
}

export type Gate = {
  /**
   * Asks policy about a call: before its arguments are read, and again once they say which capabilities it needs.
   * @param told the rule that was told of before, so that one call tells a rule once
   * @returns the rule that audit mode let it pass
   * @throws PermissionDeniedError, KillSwitchError
   */
  ask(tool: Tool, context: ToolCallContext, scopes: readonly string[], told?: PolicyRule): PolicyRule | undefined
  /** For a write of the game that came through a door, once it is known whether it was begun before. @throws KillSwitchError */
  assertAlive(tool: Tool, context: ToolCallContext): void
}

/** Policy, with this bus's grants and the kill switch: an agent's own word about its grants does not count. */
export function createGate({ kill, isAuditMode, grantsOf, onWouldDeny }: GateDeps): Gate {
  return {
    ask(tool, context, scopes, told) {
      const { agent } = context
      const { name } = tool.description
      const decision = authorize({
        agent: agent && {
          agentId: agent.agentId,
          grants: grantsOf(agent.agentId),
          permissions: agent.permissions,
          scopes: agent.scopes,
        },
        tool: { name, permission: tool.permission, scopes, needsAgent: needsAgent(tool) },
        isKilled: (kill?.isOn() ?? false) && !isAskedInside(tool, context),
        isAuditMode,
      })
      if (!decision.isAllowed) {
        const { rule, missing } = decision
        if (rule === 'kill_switch') throw new KillSwitchError()
        throw new PermissionDeniedError(rule, { tool: name, ...(missing === undefined ? {} : { missing }) })
      }
      const { wouldDeny } = decision
      if (wouldDeny !== undefined && wouldDeny !== told) onWouldDeny(tool, context, wouldDeny)
      return wouldDeny
    },
    assertAlive(tool, context) {
      if (kill?.isOn() && isAskedInside(tool, context)) throw new KillSwitchError()
    },
  }
}

/** Files, hosts and programs are an agent's own: without one there is nothing that the tool may touch. */
const needsAgent = ({ sandbox: { root, network, shell } }: Tool): boolean => root === 'agent' || network || shell

/**
 * The same request may have been sent before under its key: that it was not is said only by who knows. What was answered
 * under the key is told again.
 */
const isAskedInside = ({ origin, permission }: Tool, { agent }: ToolCallContext): boolean =>
  origin === 'game' && permission !== 'read' && agent === undefined
