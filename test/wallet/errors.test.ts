import { expect, test } from 'vitest'
import { KeystoreAliasError, WalletFileError } from '../../src/wallet/errors.ts'

test('an alias from a file stays on one line, whatever it holds', () => {
  const { message } = new KeystoreAliasError({ alias: undefined, aliases: ['one\ntwo', undefined, '\u001b[2J'] })
  expect(message).not.toMatch(/\p{Cc}/u)
  expect(message).toContain('"one\\ntwo"')
})

test.each([
  { reason: 'mode', kind: 'invalid' },
  { reason: 'exists', kind: 'conflict' },
] as const)('a file error says the rule $reason in its text, details and kind', ({ reason, kind }) => {
  const error = new WalletFileError('a.p12', reason)
  expect(error).toMatchObject({ code: 'WALLET_FILE', kind, details: { file: 'a.p12', reason } })
  expect(error.message).toMatch(/^a\.p12: /)
})
