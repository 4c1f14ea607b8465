import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isTraceId, toTraceId } from '../../src/tracing/_trace-id.ts'

const uuid = '6f9619ff-8b86-4d01-b42d-00cf4fc964ff'
const digits = '6f9619ff8b864d01b42d00cf4fc964ff'

test.each([
  { name: 'a UUID loses its dashes', text: uuid, id: digits, tells: true },
  { name: 'a UUID in capitals is the same', text: uuid.toUpperCase(), id: digits, tells: true },
  { name: '32 hex digits stay as they are', text: digits, id: digits, tells: true },
  // SHA-256 of "abc" begins so. Source: FIPS 180-2, appendix B.1
  { name: 'another text is hashed', text: 'abc', id: 'ba7816bf8f01cfea414140de5dae2223', tells: false },
  // Of "": RFC 6234's own test vectors.
  { name: 'nothing is hashed too', text: '', id: 'e3b0c44298fc1c149afbf4c8996fb924', tells: false },
])('$name', ({ text, id, tells }) => {
  expect(toTraceId(text)).toBe(id)
  expect(isTraceId(text)).toBe(tells)
})

test.each([
  { name: 'the id of zeros, which stands for none', text: '0'.repeat(32) },
  { name: 'the UUID of zeros', text: '00000000-0000-0000-0000-000000000000' },
  { name: 'dashes at other places', text: '6f9619ff8b86-4d01b42d-00cf-4fc964ff' },
  { name: 'one digit too many', text: `${digits}0` },
])('is hashed: $name', ({ text }) => {
  expect(toTraceId(text)).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
  expect(toTraceId(text)).not.toBe(text.replaceAll('-', ''))
  expect(isTraceId(text)).toBe(false)
})

test('law: every text has a valid trace id, and always the same', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.uuid(), fc.stringMatching(/^[0-9a-fA-F]{32}$/)), (text) => {
      expect(toTraceId(text)).toMatch(/^(?!0{32})[0-9a-f]{32}$/)
      expect(toTraceId(text)).toBe(toTraceId(text))
    }),
  )
})
