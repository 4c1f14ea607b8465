import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/core/json.ts'
import { defaultLimits } from '../../src/fiber/limits.ts'
import { estimateSize, structureProblems } from '../../src/fiber/payload-rules.ts'

describe('a size is estimated', () => {
  test.each<{ value: JsonValue; size: number }>([
    { value: null, size: 4 },
    { value: false, size: 5 },
    { value: 120, size: 11 },
    { value: -1.5, size: 12 },
    { value: 'ab😀', size: 12 },
    { value: [], size: 8 },
    { value: [null, 1], size: 21 },
    { value: {}, size: 8 },
    { value: { n: 1 }, size: 19 },
  ])('$value: $size', ({ value, size }) => {
    expect(estimateSize(value)).toBe(size)
  })
})

describe('control characters are those of Unicode', () => {
  test.each(['\0', '\t', '\n', '\x1f', '\x7f', '\x80', '\x9f'])('%j is one', (character) => {
    expect(structureProblems(`a${character}`, 'payload', defaultLimits)).toHaveLength(1)
  })
  test.each([' ', '~', '\u00a0', '\u200b', '\u2028', '😀'])('%j is none', (character) => {
    expect(structureProblems(character, 'payload', defaultLimits)).toEqual([])
  })
})
