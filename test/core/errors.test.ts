import { expect, test } from 'vitest'
import { BaseError, findCause } from '../../src/core/errors.ts'

class OneError extends BaseError {
  override readonly code = 'ONE'
  override readonly kind = 'internal'
}
class OtherError extends BaseError {
  override readonly code = 'OTHER'
  override readonly kind = 'invalid'
}

test('finds a cause however deep it is', () => {
  const inner = new OneError('inner')
  const outer = new OtherError('outer', { cause: new Error('between', { cause: inner }) })
  expect(findCause(outer, OneError)).toBe(inner)
  expect(findCause(outer, OtherError)).toBe(outer)
  expect(findCause(inner, OtherError)).toBeUndefined()
})

test('ends on a chain of causes that bites its own tail', () => {
  const error = new Error('round')
  error.cause = error
  expect(findCause(error, OneError)).toBeUndefined()
})

test('names itself after its class and points to its explanation', () => {
  const error = new OneError('fact', { hint: 'next', details: { id: 1 } })
  expect(error).toMatchObject({
    name: 'OneError',
    message: 'fact',
    hint: 'next',
    details: { id: 1 },
    docs: 'docs/errors.md#one',
  })
})
