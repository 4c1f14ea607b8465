import { expect, test } from 'vitest'
import { createDialect } from '../../src/dialect/dialects.ts'

test.each([
  { name: 'workchain', options: {}, prefix: '/data-application', nulls: 'keep' },
  { name: 'workchain', options: { ottochainNulls: 'drop' }, prefix: '/data-application', nulls: 'keep' },
  { name: 'ottochain', options: {}, prefix: '/data-application/v1', nulls: 'drop' },
  { name: 'ottochain', options: { ottochainNulls: 'keep' }, prefix: '/data-application/v1', nulls: 'keep' },
] as const)('$name with $options', ({ name, options, prefix, nulls }) => {
  expect(createDialect(name, options)).toMatchObject({ name, prefix, nulls })
})
