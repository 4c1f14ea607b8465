/** What a tool does: looks, changes something, or runs a program. */
export const permissions = ['read', 'write', 'exec'] as const
export type Permission = (typeof permissions)[number]

/** Which rule decided, in the order in which they are asked: the first that denies wins. */
export type PolicyRule = 'kill_switch' | 'agent_only' | 'grant' | 'permission' | 'scope'

/** Who wants to call: an agent, or undefined for a person or a program at a door, whom the door has let in. */
export type PolicyAgent = {
  readonly agentId: string
  /** Names of tools. */
  readonly grants: ReadonlySet<string>
  readonly permissions: ReadonlySet<Permission>
  /** Capabilities such as `ledger.sign:playerX`. */
  readonly scopes: ReadonlySet<string>
}

export type PolicyQuestion = {
  readonly agent: PolicyAgent | undefined
  readonly tool: {
    readonly name: string
    readonly permission: Permission
    /** Capabilities that this very call needs. */
    readonly scopes: readonly string[]
    /** It works in the folder of an agent. */
    readonly needsAgent: boolean
  }
  readonly isKilled: boolean
  /** Denials by policy are told and let through; never those of the kill switch, the sandbox and the wallets. */
  readonly isAuditMode: boolean
}

/** `wouldDeny`: the first rule that audit mode let it pass. */
export type PolicyDecision =
  | { readonly isAllowed: true; readonly wouldDeny?: PolicyRule }
  | {
      readonly isAllowed: false
      readonly rule: PolicyRule
      /** The capability that is missing, of the rule `scope`. */
      readonly missing?: string
    }

/** What no mode lets through: a signature cannot be taken back. */
const alwaysEnforced = 'ledger.sign'

/** May this call be made? The rules in their order; the first that denies wins, whatever those after it say. */
export function authorize({ agent, tool, isKilled, isAuditMode }: PolicyQuestion): PolicyDecision {
  if (isKilled && tool.permission !== 'read') return { isAllowed: false, rule: 'kill_switch' }
  if (agent === undefined) return tool.needsAgent ? { isAllowed: false, rule: 'agent_only' } : { isAllowed: true }
  const missing = tool.scopes.filter((scope) => !holds(agent.scopes, scope))
  const signing = missing.find((scope) => scope.startsWith(alwaysEnforced))
  if (isAuditMode && signing !== undefined) return { isAllowed: false, rule: 'scope', missing: signing }
  const denied = firstDenial(agent, tool, missing)
  if (denied === undefined) return { isAllowed: true }
  return isAuditMode ? { isAllowed: true, wouldDeny: denied.rule } : { isAllowed: false, ...denied }
}

function firstDenial(
  { grants, permissions: held }: PolicyAgent,
  { name, permission }: PolicyQuestion['tool'],
  [missing]: readonly string[],
): { readonly rule: PolicyRule; readonly missing?: string } | undefined {
  if (!grants.has(name)) return { rule: 'grant' }
  if (!held.has(permission)) return { rule: 'permission' }
  return missing === undefined ? undefined : { rule: 'scope', missing }
}

/** By its name, or by a pattern that ends in `*` behind the colon: `ledger.sign:*`. */
const holds = (held: ReadonlySet<string>, scope: string): boolean =>
  held.has(scope) ||
  held.values().some((pattern) => /^[^:]+:.*\*$/.test(pattern) && scope.startsWith(pattern.slice(0, -1)))
