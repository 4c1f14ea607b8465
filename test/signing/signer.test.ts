import { format, inspect } from 'node:util'
import { expect, test } from 'vitest'
import { encodeHex } from '../../src/core/hex.ts'
import { createSigner, signValue } from '../../src/signing/signer.ts'
import { createVerifier, verifySigned } from '../../src/signing/verify.ts'
import { signingVectors } from './vectors.ts'

const hash = '5a'.repeat(32)
const refusal = { code: 'WALLET_ERROR', kind: 'internal', details: { reason: 'signing_failed' } }
const signerOf = (secret: number) => createSigner(new Uint8Array(32).fill(secret))

test.each(signingVectors.vectors.filter((vector) => vector.deterministic))(
  'signs as its key: $name',
  async ({ privateKeyHex, id, address, hashHex, signatureDerHex }) => {
    const signer = createSigner(Buffer.from(privateKeyHex, 'hex'))
    expect([signer.id, signer.address]).toEqual([id, address])
    expect(await signer.sign(hashHex)).toBe(signatureDerHex)
  },
)

test('keeps a copy: the caller may overwrite the key it passed in', async () => {
  const key = new Uint8Array(32).fill(7)
  const signer = createSigner(key)
  const before = await signer.sign(hash)
  key.fill(0)
  expect(await signer.sign(hash)).toBe(before)
})

test('closing one signer ends that one alone, and leaves the key that was passed in', async () => {
  const key = new Uint8Array(32).fill(7)
  const [closed, open] = [createSigner(key), createSigner(key)]
  closed.close()
  closed.close()
  await expect(closed.sign(hash)).rejects.toMatchObject(refusal)
  expect(await open.sign(hash)).toMatch(/^30/)
  expect(key).toEqual(new Uint8Array(32).fill(7))
})

test('shows its address wherever it is printed, and its key nowhere', () => {
  const key = new Uint8Array(32).fill(0xa7)
  const signer = createSigner(key)
  expect(JSON.stringify({ signer })).toBe(`{"signer":"${signer.address}"}`)
  expect(`${signer}`).toBe(signer.address)
  expect(inspect(signer)).toBe(signer.address)
  expect(format('%s %o %j', signer, signer, signer)).not.toContain(signer.id)
  const raw = inspect(signer, { customInspect: false, showHidden: true, depth: 9 })
  for (const secret of [encodeHex(key), key.join(','), key.join(', ')]) expect(raw).not.toContain(secret)
})

test.each([
  { name: 'zero', key: new Uint8Array(32) },
  { name: '31 bytes', key: new Uint8Array(31).fill(1) },
])('is not made from $name', ({ key }) => {
  expect(() => createSigner(key)).toThrow(expect.objectContaining(refusal))
})

test('refuses to sign what is no hash', async () => {
  await expect(signerOf(1).sign('make_move')).rejects.toMatchObject(refusal)
})

test('proofs are sorted by id, one for each key, and verify', async () => {
  const signers = [1, 2, 3, 4, 2].map(signerOf)
  const value = { hello: 'world' }
  const signed = await signValue(value, hash, signers)
  expect(signed.value).toBe(value)
  const ids = signed.proofs.map(({ id }) => id)
  expect(ids).toEqual([...new Set(signers.map(({ id }) => id))].sort())
  expect(await verifySigned(hash, signed.proofs, createVerifier({ maxKeys: 4 }))).toBe(true)
})

test('the order of the signers never matters', async () => {
  const signers = [1, 2, 3].map(signerOf)
  const proofs = (await signValue({}, hash, signers)).proofs
  expect((await signValue({}, hash, signers.toReversed())).proofs).toEqual(proofs)
})

test('a value that nobody signs, or one of them cannot sign, is an error', async () => {
  await expect(signValue({}, hash, [])).rejects.toMatchObject(refusal)
  const closed = signerOf(1)
  closed.close()
  await expect(signValue({}, hash, [signerOf(2), closed])).rejects.toMatchObject(refusal)
})
