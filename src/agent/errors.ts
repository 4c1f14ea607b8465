import { BaseError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'

/** There is no agent of that name. */
export class AgentNotFoundError extends BaseError {
  override readonly code = 'AGENT_NOT_FOUND'
  override readonly kind = 'not_found'
  /** @param hasFaults a file declares one, and cannot be used */
  constructor(names: readonly string[], { hasFaults = false }: { readonly hasFaults?: boolean } = {}) {
    super(hasFaults ? "The agent's file cannot be used." : 'There is no agent of that name.', {
      details: { agents: names.slice(0, 50) },
      hint: hasFaults
        ? 'otto agent validate says what is wrong, and where.'
        : names.length === 0
          ? 'Write one: .otto/agents/<name>.yml.'
          : `Use one of: ${names.slice(0, 20).join(', ')}.`,
    })
  }
}

/** Where in a file something is wrong. Lines and columns begin at 1. */
export type SpecFault = {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly fact: string
}

/** Files of agents, prices or tools that cannot be used: every fault by file, line and path. */
export class ConfigError extends BaseError {
  override readonly code = 'CONFIG_ERROR'
  override readonly kind = 'invalid'
  readonly faults: readonly SpecFault[]
  constructor(faults: readonly SpecFault[]) {
    const line = ({ file, line, column, path, fact }: SpecFault) =>
      `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${fact}`
    super(faults.map(line).join('\n'), {
      details: { faults: faults.slice(0, 20).map((fault): JsonObject => ({ ...fault })) },
      hint: 'otto agent validate checks the files.',
    })
    this.faults = faults
  }
}

/** An agent has as many tasks waiting as it may. */
export class AgentBusyError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(agentId: string, waiting: number) {
    super(`${waiting} tasks wait for this agent already.`, { details: { agentId, retryAfterSeconds: 1 } })
  }
}

/** No new task is begun. */
export class AgentsStoppingError extends BaseError {
  override readonly code = 'SHUTTING_DOWN'
  override readonly kind = 'unavailable'
  constructor() {
    super('The agents are stopping.')
  }
}
