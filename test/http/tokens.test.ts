import { expect, test } from 'vitest'
import { parseApiTokens } from '../../src/http/tokens.ts'

const one = 'a'.repeat(32)
const other = `b-${'~'.repeat(100)}`

const refusalOf = (text: string, taken?: string): string => {
  try {
    parseApiTokens(text, taken)
    return 'taken'
  } catch (error) {
    return error instanceof Error ? `${'code' in error && error.code}: ${error.message}` : String(error)
  }
}

test('reads names, scopes and tokens; blank lines and comments say nothing', () => {
  const text = `# who may\n\nwebui  chat,read,play\t${one}\r\n  \n  # a comment\n  watch read ${other}\n`
  expect(parseApiTokens(text)).toEqual([
    { token: one, scopes: new Set(['read', 'play', 'chat']) },
    { token: other, scopes: new Set(['read']) },
  ])
})

test.each([
  { text: `a read ${one} more`, says: 'line 1 is not a name, scopes and a token' },
  { text: `a ${one}`, says: 'line 1 is not a name, scopes and a token' },
  { text: `\n# x\nA read ${one}`, says: 'line 3 has a name' },
  { text: `${'n'.repeat(33)} read ${one}`, says: 'line 1 has a name' },
  { text: `a read ${'x'.repeat(31)}`, says: 'line 1 has a token that is not 32 to 512' },
  { text: `a read ${'x'.repeat(513)}`, says: 'line 1 has a token that is not 32 to 512' },
  { text: `a read ${'ä'.repeat(40)}`, says: 'line 1 has a token that is not 32 to 512' },
  { text: `a write ${one}`, says: 'line 1 has scopes' },
  { text: `a read,read ${one}`, says: 'line 1 has scopes' },
  { text: `a read, ${one}`, says: 'line 1 has scopes' },
  { text: `a READ ${one}`, says: 'line 1 has scopes' },
  { text: `a read ${one}\na play ${other}`, says: 'line 2 has the name of an earlier one' },
  { text: `a read ${one}\nb play ${one}`, says: 'line 2 has a token that is in use already' },
  { text: '', says: 'it holds no token' },
  { text: '# nobody\n', says: 'it holds no token' },
])('$says', ({ text, says }) => {
  const refusal = refusalOf(text)
  expect(refusal).toContain(`API_TOKEN_INVALID: The file in OTTO_API_TOKENS_FILE cannot be used: ${says}`)
  for (const part of ['aaaa', 'xxxx', '~~~~', 'ääää', 'nnnn']) expect(refusal).not.toContain(part)
})

test('refuses the token that has a setting of its own', () => {
  expect(refusalOf(`a read ${one}`, one)).toContain('line 1 has a token that is in use already')
  expect(refusalOf(`a read ${one}`, other)).toBe('taken')
})
