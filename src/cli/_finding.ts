import { BaseError } from '../core/errors.ts'

/** `ok` needs nothing, `warn` plays on, `fail` does not. */
export type Level = 'ok' | 'warn' | 'fail'

/** One line of the doctor: what was looked at, what was seen, and what to do about it. */
export type Finding = {
  readonly level: Level
  readonly name: string
  readonly detail: string
  readonly next?: string | undefined
}

/** The longest that anything may be waited for, milliseconds. */
export const probeLimitMs = 2_000

/**
 * Runs one look within the limit, milliseconds. An error of ours is a finding too, in its own words; a bug stays a bug.
 */
export async function look(
  name: string,
  run: () => Promise<Finding | readonly Finding[]>,
  limitMs = probeLimitMs,
): Promise<readonly Finding[]> {
  const { promise: late, resolve } = Promise.withResolvers<readonly Finding[]>()
  const timer = setTimeout(
    () => resolve([{ level: 'fail', name, detail: `no answer within ${limitMs / 1_000} s` }]),
    limitMs,
  )
  try {
    return await Promise.race([run().then((found) => [found].flat()), late])
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return [{ level: 'fail', name, detail: error.message, next: error.hint }]
  } finally {
    clearTimeout(timer)
  }
}

/** `ok    playerX  DAG…`, the names in one column. */
export function toLines(findings: readonly Finding[]): readonly string[] {
  const width = Math.max(...findings.map(({ name }) => name.length))
  return findings.map(({ level, name, detail, next }) =>
    `${level.padEnd(4)}  ${name.padEnd(width)}  ${detail}${next ? `  → ${next}` : ''}`.replaceAll(/\s*\n\s*/g, ' '),
  )
}
