import { BaseError } from '../core/errors.ts'
import type { PolicyRule } from './authorize.ts'

const facts: Readonly<Record<PolicyRule, string>> = {
  kill_switch: 'The kill switch is on.',
  agent_only: 'This tool works in the folder of an agent; only agents call it.',
  grant: 'This agent was not granted the tool.',
  permission: 'This agent may not do what the tool does.',
  scope: 'This agent lacks a capability that the call needs.',
}

/** A call that policy does not allow. @see authorize.ts */
export class PermissionDeniedError extends BaseError {
  override readonly code = 'PERMISSION_DENIED'
  override readonly kind = 'forbidden'
  constructor(
    rule: PolicyRule | 'sandbox',
    { tool, fact, missing }: { tool?: string; fact?: string; missing?: string } = {},
  ) {
    super(fact ?? (rule === 'sandbox' ? 'This lies outside of what the agent may touch.' : facts[rule]), {
      details: { rule, ...(tool === undefined ? {} : { tool }), ...(missing === undefined ? {} : { missing }) },
    })
  }
}

/** Everything that spends or signs is stopped. */
export class KillSwitchError extends BaseError {
  override readonly code = 'KILL_SWITCH'
  override readonly kind = 'forbidden'
  constructor() {
    super(facts.kill_switch)
  }
}

/** A part of the service that its settings do not load. */
export class FeatureDisabledError extends BaseError {
  override readonly code = 'FEATURE_DISABLED'
  override readonly kind = 'forbidden'
  constructor() {
    super('Agents are not enabled in this service.', { hint: 'Start it with OTTO_ENABLED=true.' })
  }
}
