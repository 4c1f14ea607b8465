import { describe, expect, test } from 'vitest'
import { createChain } from '../../src/chain/create-chain.ts'
import type { Transport } from '../../src/chain/transport.ts'
import { decodeHex } from '../../src/core/hex.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { DialectName } from '../../src/dialect/dialect.ts'
import { createDialect } from '../../src/dialect/dialects.ts'
import { createSigner } from '../../src/signing/signer.ts'
import vectors from '../vectors/signing.json' with { type: 'json' }
import { systemClock } from './system-clock.ts'

// Signing sends nothing; a transport that is used would fail the test.
const noTransport: Transport = {
  request: async () => Promise.reject(new Error('Signing must not send.')),
  close: async () => undefined,
}

const chainOf = (dialect: DialectName, nulls: 'keep' | 'drop') =>
  createChain({
    transport: noTransport,
    dialect: createDialect(dialect, { ottochainNulls: nulls }),
    clock: systemClock,
    random: () => 0.5,
    readTimeoutMs: 1000,
  })

const signerOf = (privateKeyHex: string) => createSigner(decodeHex(privateKeyHex) ?? new Uint8Array())

const updates = vectors.vectors.filter(
  ({ flow, dialect, deterministic }) => flow === 'data-update' && dialect !== 'none' && deterministic,
)

describe('signs as the peers do', () => {
  test.each(updates)(
    '$name',
    async ({ dialect: name, nulls, message, hashHex, privateKeyHex, id, signatureDerHex }) => {
      const chain = chainOf(name as DialectName, nulls === 'drop' ? 'drop' : 'keep')
      const decoded = chain.dialect.decode(message as unknown as JsonValue)
      const signed = await chain.sign(decoded, [signerOf(privateKeyHex)])
      expect(signed.hash).toBe(hashHex)
      expect(signed.envelope.proofs).toEqual([{ id, signature: signatureDerHex }])
      expect(signed.envelope.value).toEqual(chain.dialect.encode(decoded))
      expect(signed.message).toBe(decoded)
    },
  )

  test('covers every kind of both dialects', () => {
    expect(updates.filter(({ dialect }) => dialect === 'workchain').length).toBeGreaterThan(30)
    expect(updates.filter(({ dialect }) => dialect === 'ottochain').length).toBeGreaterThan(5)
  })
})

test('sorts the proofs by id, one a signer', async () => {
  const chain = chainOf('workchain', 'keep')
  const message = { type: 'ArchiveStateMachine', fiberId: '732c056c-f823-4237-a5b5-7bff441f6d80' } as const
  const signers = vectors.keys.map(({ privateKeyHex }) => signerOf(privateKeyHex))
  const { envelope } = await chain.sign({ ...message, targetSequenceNumber: null }, [...signers, ...signers])
  const ids = envelope.proofs.map(({ id }) => id)
  expect(ids).toEqual(signers.map(({ id }) => id).sort())
})

test('the posted value keeps its nulls where the hash drops them', async () => {
  const message = {
    type: 'CreateScript',
    fiberId: '4926ca78-e44c-454a-ac0f-3a8fc6230d44',
    vocabulary: 'current',
    scriptProgram: 1,
    initialState: null,
    accessControl: { type: 'Public' },
  } as const
  const signer = signerOf(vectors.keys[0]?.privateKeyHex ?? '')
  const [kept, dropped] = await Promise.all(
    (['keep', 'drop'] as const).map((nulls) => chainOf('ottochain', nulls).sign(message, [signer])),
  )
  expect(dropped?.envelope.value).toEqual(kept?.envelope.value)
  expect(JSON.stringify(dropped?.envelope.value)).toContain('"initialState":null')
  expect(dropped?.hash).not.toBe(kept?.hash)
})
