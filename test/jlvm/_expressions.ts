import fc from 'fast-check'
import type { JsonValue } from '../../src/core/json.ts'
import { operatorNames } from '../../src/jlvm/operator-names.ts'

const keys = fc.constantFrom('a', 'b', 'list', 'x', '0', '')
const scalars = fc.oneof(
  fc.constantFrom<JsonValue>(null, true, false, 0, 1, 2, -1, 0.5, 1.25, '', 'a', 'list', '7', '1.50', 'true'),
  fc.integer({ min: -50, max: 50 }),
)
const paths = fc.constantFrom('', 'a', 'b', 'list', 'list.0', 'a.b', 'x.1', 'a.', 'accumulator', 'current')

/** Data with the names that `expressions` refer to. */
export const dataValues: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    scalars,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(keys, tie('value'), { maxKeys: 4 }),
  ),
})).value

/**
 * Expressions of every operator and every spelling. A computed path is never written as an array: as a node encodes it,
 * such a path reads as a path with a default.
 */
export const expressions: fc.Arbitrary<JsonValue> = fc.letrec<{ any: JsonValue; call: JsonValue; variable: JsonValue }>(
  (tie) => ({
    any: fc.oneof(
      { maxDepth: 5, withCrossShrink: true },
      scalars,
      tie('variable'),
      tie('call'),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(keys, tie('any'), { minKeys: 2, maxKeys: 3 }),
    ),
    call: fc
      .tuple(fc.constantFrom(...operatorNames), fc.array(tie('any'), { maxLength: 3 }), fc.integer({ min: 0, max: 2 }))
      .map(([name, args, spelling]): JsonValue => {
        const [only = null] = args
        if (spelling === 0) return [name, ...args]
        return spelling === 1 && args.length === 1 && !Array.isArray(only) ? { [name]: only } : { [name]: args }
      }),
    variable: fc.oneof(
      paths.map((path): JsonValue => ({ var: path })),
      paths.map((path): JsonValue => ({ '': [path] })),
      fc.tuple(paths, scalars).map(([path, fallback]): JsonValue => ({ var: [path, fallback] })),
      paths.map((path): JsonValue => ['var', path]),
      fc.integer({ min: 0, max: 3 }).map((index): JsonValue => ({ var: index })),
      tie('any').map((part): JsonValue => ({ var: { cat: ['list.', part] } })),
    ),
  }),
).any
