import fc from 'fast-check'
import { expect, test } from 'vitest'
import { memberPath } from '../../src/http/member-path.ts'
import { pieces } from '../../src/http/pieces.ts'

test('law: the pieces make the text, none is empty or too long, and no pair is cut', () => {
  const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((part) => part.repeat(1_000))
  fc.assert(
    fc.property(text, (whole) => {
      const parts = [...pieces(whole)]
      expect(parts.join('')).toBe(whole)
      for (const part of parts) {
        expect(part.length).toBeGreaterThan(0)
        expect(Buffer.byteLength(JSON.stringify(part))).toBeLessThan(65_000)
        expect(part.isWellFormed()).toBe(true)
      }
    }),
  )
})

test('a member is named as people write it', () => {
  expect(memberPath(['messages', 2, 'role'])).toBe('messages[2].role')
  expect(memberPath([])).toBe('')
})
