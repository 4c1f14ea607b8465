import { expect, test } from 'vitest'
import type { ErrorCode } from '../../src/core/error-table.ts'
import { errorTable } from '../../src/core/error-table.ts'
import { BaseError } from '../../src/core/errors.ts'
import { silentLog } from '../../src/core/log.ts'
import { MethodNotAllowedError } from '../../src/http/errors.ts'
import { retryAfterSeconds, statusByCode, statusOf, toProblem, toRefusal } from '../../src/http/problem.ts'

const codes = Object.keys(errorTable) as ErrorCode[]

test('every code has a status and every status a code', () => {
  expect(Object.keys(statusByCode).sort()).toEqual([...codes].sort())
})

test.each(codes)('%s: the status says what the outcome says', (code) => {
  const { outcome, retryable, hint } = errorTable[code]
  const status = statusByCode[code]
  expect(hint).toMatch(/\S/)
  if (outcome === 'pending') expect(status).toBe(202)
  if (outcome === 'unknown') expect(status).toBeGreaterThanOrEqual(500)
  // A caller that repeats an unchanged request must not be told that the request itself is at fault.
  if (retryable && outcome !== 'pending') expect([409, 429, 500, 502, 503, 504]).toContain(status)
})

test('a code without a row is our fault', () => {
  expect([statusOf('MADE_UP'), statusOf('toString'), statusOf('INVALID_MOVE')]).toEqual([500, 500, 200])
})

class SecretError extends BaseError {
  override readonly code = 'SECRET_CODE'
  override readonly kind = 'internal'
}

const quiet = { traceId: 't', log: silentLog }

test.each([
  { name: 'a plain error', thrown: new Error('secret') },
  { name: 'an error with a code of ours that never leaves', thrown: new SecretError('secret') },
  { name: 'a string', thrown: 'secret' },
  { name: 'undefined', thrown: undefined },
  { name: 'a server error of the framework', thrown: Object.assign(new Error('secret'), { statusCode: 500 }) },
])('$name is told as INTERNAL_ERROR without its text', ({ thrown }) => {
  const refusal = toRefusal(thrown, quiet)
  expect(refusal.code).toBe('INTERNAL_ERROR')
  expect(JSON.stringify(refusal)).not.toContain('secret')
})

test('after a bug nothing is claimed about what was sent', () => {
  expect(toRefusal(new Error('late'), quiet).outcome).toBe('unknown')
})

test('a bug is logged whole', () => {
  const logged: object[] = []
  const log = { ...silentLog, error: (fields: object) => void logged.push(fields) }
  const bug = new Error('bug')
  toRefusal(bug, { traceId: 't', log })
  expect(logged).toEqual([{ err: bug, traceId: 't' }])
})

test.each([
  { code: 'FST_ERR_MAX_PARAM_LENGTH', statusCode: 414, told: 'NOT_FOUND' },
  { code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415, told: 'UNSUPPORTED_MEDIA_TYPE' },
  { code: 'FST_ERR_CTP_BODY_TOO_LARGE', statusCode: 413, told: 'PAYLOAD_TOO_LARGE' },
  { code: 'FST_ERR_BAD_URL', statusCode: 400, told: 'INVALID_REQUEST' },
  { code: 'FST_ERR_SOMETHING_NEW', statusCode: 422, told: 'INVALID_REQUEST' },
])('$code of the framework is told as $told', ({ code, statusCode, told }) => {
  expect(toRefusal(Object.assign(new Error('x'), { code, statusCode }), quiet).code).toBe(told)
})

test('an error is told with its own hint, else with that of its code', () => {
  const refusal = toRefusal(new MethodNotAllowedError(['GET']), quiet)
  expect(refusal).toMatchObject({ code: 'METHOD_NOT_ALLOWED', outcome: 'not_submitted', details: { allowed: ['GET'] } })
  expect(refusal.hint).toBe(errorTable.METHOD_NOT_ALLOWED.hint)
})

test('problem details have the members of RFC 9457 and ours', () => {
  const refusal = toRefusal(new MethodNotAllowedError(['GET']), quiet)
  expect(toProblem(refusal, 405)).toEqual({
    type: 'urn:otto:error:method_not_allowed',
    title: 'Method not allowed',
    status: 405,
    detail: 'This method is not served at this path.',
    code: 'METHOD_NOT_ALLOWED',
    outcome: 'not_submitted',
    retryable: false,
    hint: errorTable.METHOD_NOT_ALLOWED.hint,
    details: { allowed: ['GET'] },
    traceId: 't',
  })
})

test.each([
  { code: 'OVERLOADED', details: {}, seconds: 1 },
  { code: 'OVERLOADED', details: { retryAfterSeconds: 2.1 }, seconds: 3 },
  { code: 'OVERLOADED', details: { retryAfterSeconds: 'soon' }, seconds: 1 },
  { code: 'SHUTTING_DOWN', details: {}, seconds: 5 },
  { code: 'GAME_BUSY', details: {}, seconds: 1 },
  { code: 'OUTCOME_UNKNOWN', details: { retryAfterSeconds: 9 }, seconds: undefined },
])('$code with $details asks for $seconds s', ({ code, details, seconds }) => {
  expect(retryAfterSeconds({ code, details })).toBe(seconds)
})
