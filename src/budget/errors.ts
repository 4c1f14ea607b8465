import { BaseError } from '../core/errors.ts'
import type { JsonObject } from '../core/json.ts'

/** What is wrong in a file of prices, and where. Lines and columns begin at 1. */
export type PriceFault = {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly fact: string
}

/** A file of prices that cannot be used: every fault by file, line and path. */
export class PricesInvalidError extends BaseError {
  override readonly code = 'CONFIG_ERROR'
  override readonly kind = 'invalid'
  readonly faults: readonly PriceFault[]
  constructor(faults: readonly PriceFault[], cause?: unknown) {
    const line = ({ file, line, column, path, fact }: PriceFault) =>
      `${file}:${line}:${column} ${path === '' ? '' : `${path}: `}${fact}`
    super(faults.slice(0, maxFaults).map(line).join('\n'), {
      cause,
      details: { faults: faults.slice(0, maxFaults).map((fault): JsonObject => ({ ...fault })) },
      hint: 'Each price has provider, model, input, output, as_of and source; dollars per million tokens.',
    })
    this.faults = faults
  }
}

const maxFaults = 20

/** More pieces of work are under way than are counted: none is forgotten, since that would lift its bounds. */
export class TooManyScopesError extends BaseError {
  override readonly code = 'OVERLOADED'
  override readonly kind = 'exhausted'
  constructor(limit: number) {
    super(`The budgets of ${limit} pieces of work are counted already.`, { details: { limit, retryAfterSeconds: 1 } })
  }
}
