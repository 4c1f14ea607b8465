import { z } from 'zod'
import { InvalidRequestError, QueryInvalidError } from './errors.ts'

/** @throws QueryInvalidError naming the parameter at fault */
export function parseQuery<T>(shape: z.ZodType<T>, query: unknown, hint: string): T {
  const parsed = shape.safeParse(query)
  if (parsed.success) return parsed.data
  throw new QueryInvalidError(pathOf(parsed.error), hint)
}

/** @throws InvalidRequestError naming the member at fault */
export function parseBody<T>(shape: z.ZodType<T>, body: unknown, hint: string): T {
  const parsed = shape.safeParse(body)
  if (parsed.success) return parsed.data
  const path = pathOf(parsed.error)
  throw new InvalidRequestError(`The body is not as expected: ${path || 'body'}: ${parsed.error.issues[0]?.message}.`, {
    path,
    hint,
  })
}

function pathOf({ issues: [issue] }: z.ZodError): string {
  return (issue?.code === 'unrecognized_keys' ? [...issue.path, issue.keys[0]] : (issue?.path ?? [])).join('.')
}

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/**
 * A moment: `-1d`, `-90m` before now, or a date of RFC 3339. Epoch milliseconds.
 * @param nowMs epoch milliseconds
 */
export const Moment = (nowMs: number) =>
  z.string().transform((text, context) => {
    const [, count, unit] = /^-?([0-9]{1,6})([smhd])$/.exec(text) ?? []
    // The cast holds: the pattern takes these four.
    if (count !== undefined) return nowMs - Number(count) * units[unit as keyof typeof units]
    const atMs = /^\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:\d{2}))?$/.test(text) ? Date.parse(text) : Number.NaN
    if (Number.isNaN(atMs)) context.addIssue({ code: 'custom', message: 'is no moment' })
    return atMs
  })
