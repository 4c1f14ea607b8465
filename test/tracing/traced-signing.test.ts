import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { createSigner } from '../../src/signing/signer.ts'
import { traceSigner } from '../../src/tracing/traced-signing.ts'
import { recordSpans } from './_recorded.ts'

const hash = 'ab'.repeat(32)

function traced() {
  const recorded = recordSpans()
  const signer = createSigner(new Uint8Array(32).fill(7))
  return { ...recorded, signer, watched: traceSigner(signer, recorded.spans) }
}

test('a traced signer signs the same, and what it prints is its address', async () => {
  const { signer, watched } = traced()
  expect(await watched.sign(hash)).toBe(await signer.sign(hash))
  expect({ id: watched.id, address: watched.address }).toEqual({ id: signer.id, address: signer.address })
  expect([JSON.stringify(watched), `${watched}`, inspect(watched)]).toEqual([
    `"${signer.address}"`,
    signer.address,
    signer.address,
  ])
})

test('a signature is a part of the step that asks for it; outside of one it is none', async () => {
  const { spans, signer, watched, told } = traced()
  await watched.sign(hash)
  const step = spans.begin('call', { name: 'build' })
  await step.run(() => watched.sign(hash))
  signer.close()
  await expect(step.run(() => watched.sign(hash))).rejects.toMatchObject({ name: 'SigningFailedError' })
  step.end()
  const sign = { name: 'sign', parent: 'build', attributes: { 'otto.address': signer.address } }
  expect(told()).toMatchObject([
    { ...sign, failure: undefined },
    { ...sign, failure: 'WALLET_ERROR' },
    { name: 'build', failure: undefined },
  ])
})
