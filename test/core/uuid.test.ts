import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isUuid, uuidV5 } from '../../src/core/uuid.ts'

test('names an id as RFC 9562 does', () => {
  // RFC 9562, appendix A.4: "www.example.com" in the DNS namespace.
  expect(uuidV5('www.example.com', '6ba7b810-9dad-11d1-80b4-00c04fd430c8')).toBe('2ed6657d-e927-568b-95e1-2665a8aea6a2')
})

test('law: a name-based id is a UUID of version 5, and another name gives another', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.string(), fc.string(), (namespace, name, other) => {
      const id = uuidV5(name, namespace)
      expect(isUuid(id)).toBe(true)
      expect(id).toMatch(/^.{14}5.{4}[89ab]/)
      expect(uuidV5(other, namespace) === id).toBe(other === name)
    }),
  )
})

test.each([
  '',
  'game-1',
  '7c9e6679-7425-40de-944b',
  '{7c9e6679-7425-40de-944b-e07fc1f90ae7}',
  '7c9e6679-7425-40de-944b-e07fc1f90ae7\n',
])('refuses %j as a UUID', (text) => {
  expect(isUuid(text)).toBe(false)
})
