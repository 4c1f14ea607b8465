import type { z } from 'zod'
import { BaseError } from '../core/errors.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { TooLargeError } from '../sandbox/errors.ts'

/** No tool has that name. */
export class UnknownToolError extends BaseError {
  override readonly code = 'UNKNOWN_TOOL'
  override readonly kind = 'not_found'
  constructor(availableTools: readonly string[]) {
    super('There is no tool of that name.', {
      details: { availableTools },
      hint: `Use one of: ${availableTools.join(', ')}.`,
    })
  }
}

/** Where in the arguments something is wrong, dotted, and what. */
export type ArgumentProblem = { readonly path: string; readonly problem: string }

/** What a schema found. */
export const problemsOf = ({ issues }: z.ZodError): readonly ArgumentProblem[] =>
  issues.map((issue) => ({ path: pathOf(issue), problem: issue.message }))

/** The arguments do not fit the tool's schema. */
export class InvalidArgumentsError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor(problems: readonly ArgumentProblem[], inputSchema: JsonObject) {
    const { path, problem } = problems[0] ?? { path: '', problem: 'not as expected' }
    super(`${path === '' ? 'The arguments' : path}: ${problem}.`, {
      details: { path, problems: problems.slice(0, 8) },
      hint: `Expected ${expectedArguments(inputSchema)}.`,
    })
  }
}

/** The arguments are larger than any tool needs. */
export class ArgumentsTooLargeError extends BaseError {
  override readonly code = 'PAYLOAD_TOO_LARGE'
  override readonly kind = 'invalid'
  constructor(maxBytes: number) {
    super(`The arguments are larger than ${maxBytes} bytes.`, { details: { maxBytes } })
  }
}

/** A name, or an alias, is another tool's. */
export class ToolExistsError extends BaseError {
  override readonly code = 'TOOL_EXISTS'
  override readonly kind = 'conflict'
  constructor(name: string) {
    super(`There is a tool of the name ${name} already.`, { details: { tool: name } })
  }
}

/** A tool of the project has as many calls under way as it may. */
export class ToolBusyError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(tool: string, maxCalls: number) {
    super(`${maxCalls} calls of ${tool} are under way already.`, { details: { tool, retryAfterSeconds: 1 } })
  }
}

/** What a tool gave is larger than its caller takes. The tool has done what it does. */
export class ResultTooLargeError extends TooLargeError {
  constructor(maxBytes: number) {
    super('The result', maxBytes)
  }
}

/** The same thing was named twice, and differently. */
export class ContradictionError extends BaseError {
  override readonly code = 'INVALID_REQUEST'
  override readonly kind = 'invalid'
  constructor(first: string, second: string) {
    super(`${first} and ${second} are both given and differ.`, {
      details: { path: second },
      hint: `Send ${first} alone.`,
    })
  }
}

/** The request key is not one to 128 visible ASCII characters. */
export class RequestKeyInvalidError extends BaseError {
  override readonly code = 'IDEMPOTENCY_KEY_INVALID'
  override readonly kind = 'invalid'
  constructor() {
    super('The Idempotency-Key is not 1 to 128 visible ASCII characters.', { details: { path: 'Idempotency-Key' } })
  }
}

/** The request key stands for another request. */
export class RequestKeyReusedError extends BaseError {
  override readonly code = 'IDEMPOTENCY_KEY_REUSED'
  override readonly kind = 'conflict'
  constructor() {
    super('This idempotency key was used for another request.', { details: { path: 'Idempotency-Key' } })
  }
}

/** What a refusal tells of the record that a person decides on. */
type AskedWrite = {
  readonly id: string
  readonly tool: string
  readonly args: JsonObject
  readonly expiresAt: string
}

/** A person has to agree to this write first. */
export class ApprovalNeededError extends BaseError {
  override readonly code = 'APPROVAL_NEEDED'
  override readonly kind = 'conflict'
  constructor({ id, tool, args, expiresAt }: AskedWrite) {
    super(`${tool} waits for the approval of a person.`, {
      details: { approvalId: id, tool, args, expiresAt },
      hint: `Ask a person to approve it: otto approve ${id}, or POST /otto/approvals/${id} {"approve": true}. Then send the same request again.`,
    })
  }
}

/** A person was asked about this write, and said no. */
export class ApprovalDeclinedError extends BaseError {
  override readonly code = 'APPROVAL_DECLINED'
  override readonly kind = 'forbidden'
  constructor({ id, tool, args }: Omit<AskedWrite, 'expiresAt'>) {
    super('A person declined this.', { details: { approvalId: id, tool, args } })
  }
}

/** As many writes wait for a person as may. */
export class TooManyApprovalsError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(maxWaiting: number) {
    super(`${maxWaiting} writes wait for a person already.`, {
      details: { retryAfterSeconds: 60 },
      hint: 'Ask a person to look at them: otto approve. Then try again.',
    })
  }
}

const pathOf = (issue: z.core.$ZodIssue): string => {
  if (issue.code === 'unrecognized_keys') return [...issue.path, issue.keys[0] ?? ''].join('.').slice(0, 100)
  return issue.path.join('.')
}

/** `{ gameId: string, cell: integer, reason?: string }`, read off the schema. */
function expectedArguments({ properties, required }: JsonObject): string {
  if (!isJsonObject(properties)) return 'an object'
  const names = Array.isArray(required) ? required : []
  const one = ([name, schema]: [string, JsonValue]) => `${name}${names.includes(name) ? '' : '?'}: ${typeOf(schema)}`
  const list = Object.entries(properties).map(one)
  return list.length === 0 ? '{} (no arguments)' : `{ ${list.join(', ')} }`
}

function typeOf(schema: JsonValue): string {
  if (!isJsonObject(schema)) return 'any'
  if (Array.isArray(schema['enum'])) return schema['enum'].map((word) => JSON.stringify(word)).join(' or ')
  const { type, minimum, maximum } = schema
  return typeof minimum === 'number' && typeof maximum === 'number' ? `${type} ${minimum}–${maximum}` : `${type}`
}
