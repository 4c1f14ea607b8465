import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createRedactor } from '../../src/session/redact.ts'

const plain = createRedactor({ secrets: [], patterns: [] })
const hex64 = 'ab12'.repeat(16)
const pem = '-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBase64+/=\nAbc\n-----END EC PRIVATE KEY-----'
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl_-x'

describe('what looks like a secret is taken out', () => {
  test.each([
    [`before\n${pem}\nafter`, 'before\n[redacted]\nafter'],
    [pem.slice(0, 50), '[redacted]'],
    ['Authorization: Bearer abc.DEF-123_~+/==', 'Authorization: Bearer [redacted]'],
    ['key sk-proj-abcdefghij0123456789 end', 'key [redacted] end'],
    ['sk-ant-api03-abcdefghijklmnop', '[redacted]'],
    ['AKIAIOSFODNN7EXAMPLE', '[redacted]'],
    ['aws_secret_access_key = wJalrXUtnFEMI/K7MDENG', 'aws_secret_access_key = [redacted]'],
    [`token=${jwt};`, 'token=[redacted];'],
    ['password=hunter2&user=x', 'password=[redacted]&user=x'],
    ["passphrase: 'correct horse battery'", "passphrase: '[redacted]'"],
    [`private key: 0x${hex64}`, 'private key: 0x[redacted]'],
    [`"privateKeyHex":"${hex64}"`, '"privateKeyHex":"[redacted]"'],
    [`the secret is ${hex64}.`, 'the secret is [redacted].'],
    [JSON.stringify({ text: 'x\nsk-abcdefghij0123456789' }), '{"text":"x\\n[redacted]"}'],
    [JSON.stringify({ apiKey: 'a "quoted" one' }), '{"apiKey":"[redacted]"}'],
    [JSON.stringify(JSON.stringify({ pwd: 'a "quoted" one', n: 1 })), '"{\\"pwd\\":\\"[redacted]\\",\\"n\\":1}"'],
    [JSON.stringify(pem), '"[redacted]"'],
  ])('%j', (text, redacted) => {
    expect(plain.text(text)).toBe(redacted)
  })
})

test.each([
  '',
  `hash ${hex64}`,
  `public key: ${hex64}`,
  `"publicKey":"${hex64.repeat(2)}"`,
  `signing key of ${hex64}ab`,
  'The bearer of this letter',
  'ask-me-anything-about-the-tasks-of-today',
  'tokens: 512, a password was asked for',
  '\\u00zz \\q \\',
])('leaves %j as it is', (text) => {
  expect(plain.text(text)).toBe(text)
})

test('JSON: a text under a name that says so is a secret, numbers are none', () => {
  const value = {
    password: 'x',
    accessToken: 'y',
    token: 'z',
    inputTokens: 5,
    secret: null,
    nested: [{ privateKeyHex: '00', hash: hex64 }, 'Bearer abcdefghij'],
  }
  expect(plain.json(value)).toEqual({
    password: '[redacted]',
    accessToken: '[redacted]',
    token: '[redacted]',
    inputTokens: 5,
    secret: null,
    nested: [{ privateKeyHex: '[redacted]', hash: hex64 }, 'Bearer [redacted]'],
  })
})

test('JSON: names are looked at, and what is too deep is not shown', () => {
  const redactor = createRedactor({ secrets: ['top-secret'], patterns: [] })
  expect(redactor.json({ 'a top-secret name': 1 })).toEqual({ 'a [redacted] name': 1 })
  const deep = JSON.parse(`${'['.repeat(200)}"top-secret"${']'.repeat(200)}`)
  expect(JSON.stringify(redactor.json(deep))).toContain('["[redacted]"]')
})

test('configured patterns are taken out, however they overlap', () => {
  const redactor = createRedactor({ secrets: ['12345678'], patterns: ['ACME-[0-9]+', '(?i)card no [0-9 ]+', 'x*'] })
  expect(redactor.text('é ACME-1 Card No 12 34; ACME-12345678 ok xx')).toBe(
    'é [redacted] [redacted]; [redacted] ok [redacted]',
  )
})

test.each(['(', '[z-a]', '(?=x)', '\\1'])('refuses the pattern %s by its name', (pattern) => {
  expect(() => createRedactor({ secrets: [], patterns: ['fine', pattern] })).toThrow(
    expect.objectContaining({ code: 'CONFIG_ERROR', message: expect.stringContaining(JSON.stringify(pattern)) }),
  )
})

test('a pattern that would take an ordinary engine for ever ends', () => {
  const redactor = createRedactor({ secrets: [], patterns: ['(a+)+$'] })
  expect(redactor.text(`${'a'.repeat(20_000)}!`)).toBe(`${'a'.repeat(20_000)}!`)
})

test('known texts shorter than eight characters are let be', () => {
  expect(createRedactor({ secrets: ['', 'seven77'], patterns: [] }).text('seven77')).toBe('seven77')
})

const secretText = fc
  .string({ minLength: 8, maxLength: 24, unit: fc.constantFrom(...'ab"\\\n\t/é语\u{1f600}%= ') })
  .filter((secret) => secret.length >= 8)
const around = fc.string({ maxLength: 20, unit: fc.constantFrom(...'ab"\\\nnu0é{}[:,') })
/** How a text comes to be inside another. */
const wrap = fc.constantFrom<(text: string) => string>(
  (text) => text,
  (text) => JSON.stringify({ content: text }),
  (text) => JSON.stringify({ content: JSON.stringify([text]) }),
  (text) => `"${[...text].map((character) => escapeAll(character)).join('')}"`,
)
const escapeAll = (text: string) =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

/** All that can be read out of a text by undoing escapes. */
function readings(text: string): readonly string[] {
  const found: string[] = [text]
  for (let next = text; ; ) {
    const inner: unknown = tryParse(next)
    const strings = collect(inner)
    if (strings.length === 0) return found
    found.push(...strings)
    next = strings[0] ?? ''
  }
}
const tryParse = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
const collect = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(collect)
      : []

test('law: a known secret never survives, whatever surrounds it and however it is escaped', () => {
  fc.assert(
    fc.property(secretText, around, around, wrap, (secret, before, after, wrapped) => {
      const redactor = createRedactor({ secrets: [secret], patterns: [] })
      const text = wrapped(before + secret + after)
      for (const reading of readings(redactor.text(text))) expect(reading).not.toContain(secret)
      for (const reading of collect(redactor.json({ list: [text, { text }] })).flatMap(readings))
        expect(reading).not.toContain(secret)
    }),
    { numRuns: 1_000 },
  )
})

test('law: what is taken out is all that changes, and twice is as once', () => {
  fc.assert(
    fc.property(fc.array(around.filter(Boolean), { maxLength: 4 }), (pieces) => {
      const redactor = createRedactor({ secrets: ['S3CRET-S3CRET'], patterns: [] })
      const once = redactor.text(pieces.join('S3CRET-S3CRET'))
      expect(once).toBe(pieces.join('[redacted]'))
      expect(redactor.text(once)).toBe(once)
    }),
  )
})
