import { BaseError } from '../core/errors.ts'

/** An argument that fits its schema and still cannot be used. */
export class ArgumentFaultError extends BaseError {
  override readonly code = 'INVALID_ARGUMENTS'
  override readonly kind = 'invalid'
  constructor(path: string, fact: string, { hint, cause }: { readonly hint?: string; readonly cause?: unknown } = {}) {
    super(`${path}: ${fact}`, {
      details: { path, problems: [{ path, problem: fact }] },
      ...(hint === undefined ? {} : { hint }),
      ...(cause === undefined ? {} : { cause }),
    })
  }
}

/** Where a document does not fit its schema: a JSON Pointer, empty for the whole of it. @see RFC 6901 */
export type SchemaProblem = { readonly path: string; readonly problem: string }

/** A document that does not fit the JSON Schema that came with it. */
export class SchemaFaultError extends BaseError {
  override readonly code = 'SCHEMA_ERROR'
  override readonly kind = 'invalid'
  constructor(problems: readonly SchemaProblem[]) {
    const [first] = problems
    super(
      `The document does not fit the schema${first === undefined ? '' : `: ${first.path || '/'} ${first.problem}`}.`,
      {
        details: { problems },
      },
    )
  }
}
