import { expect, test } from 'vitest'
import { parseApiToken } from '../../src/http/api-token.ts'

const token = 'x'.repeat(32)

test.each([token, `${token}\n`, `${token}\r\n`])('reads the token of a file', (text) => {
  expect(parseApiToken(text)).toBe(token)
})

test.each(['', '\n', 'x'.repeat(31), 'x'.repeat(513), `${token}\n\n`, ` ${token}`, `${token} y`, `${token}ä`])(
  'refuses a file that holds something else, and does not repeat it',
  (text) => {
    expect(() => parseApiToken(text)).toThrow(expect.objectContaining({ code: 'API_TOKEN_INVALID' }))
    expect(() => parseApiToken(text)).not.toThrow(/xx/)
  },
)
