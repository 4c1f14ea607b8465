import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { observeSigner, observeVerifier } from '../../src/metrics/observed-signing.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier } from '../../src/signing/verify.ts'

const hash = 'ab'.repeat(32)
const clock = { monotonicMs: () => performance.now() }

test('an observed signer signs the same, and what it prints is its address', async () => {
  const times: number[] = []
  const signer = createSigner(new Uint8Array(32).fill(7))
  const observed = observeSigner(signer, { observe: (seconds) => void times.push(seconds), clock })
  expect(await observed.sign(hash)).toBe(await signer.sign(hash))
  expect(times).toHaveLength(1)
  expect({ id: observed.id, address: observed.address }).toEqual({ id: signer.id, address: signer.address })
  expect([JSON.stringify(observed), `${observed}`, inspect(observed)]).toEqual([
    `"${signer.address}"`,
    signer.address,
    signer.address,
  ])
})

test('a signer that cannot sign any more says so through its observer', async () => {
  const times: number[] = []
  const signer = createSigner(new Uint8Array(32).fill(7))
  const observed = observeSigner(signer, { observe: (seconds) => void times.push(seconds), clock })
  signer.close()
  await expect(observed.sign(hash)).rejects.toMatchObject({ name: 'SigningFailedError' })
  expect(times).toEqual([])
})

test('an observed verifier says the same, good and bad', async () => {
  const times: number[] = []
  const signer = createSigner(new Uint8Array(32).fill(7))
  const verifier = observeVerifier(createVerifier({ maxKeys: 1 }), {
    observe: (seconds) => void times.push(seconds),
    clock,
  })
  const proof = { id: signer.id, signature: await signer.sign(hash) }
  expect(await verifier.verifyProof(hash, proof)).toBe(true)
  expect(await verifier.verifyProof('cd'.repeat(32), proof)).toBe(false)
  expect(times).toHaveLength(2)
})
