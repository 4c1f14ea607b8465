import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BaseError } from '../../src/core/errors.ts'
import { decodeBer, octetsOf, oidOf, smallIntOf } from '../../src/wallet/ber.ts'
import { decodePrivateKeyInfo, encodePrivateKeyInfo } from '../../src/wallet/ec-key.ts'
import { KeystoreAliasError, KeystoreUnreadableError } from '../../src/wallet/errors.ts'
import { readKeystoreKey, readKeystoreKeys } from '../../src/wallet/p12-read.ts'
import { vectorBytes, vectors } from '../wallet/_keystores.ts'
import { mangles } from './_bytes.ts'
import type { Layer } from './_keystore.ts'
import { held, layers, storeWith } from './_keystore.ts'

const unreadable = 'The keystore cannot be opened: the password is wrong, or the file is damaged or has no MAC.'

/** What BER readers look out for: long, endless, empty and lying lengths, and elements out of place. */
const words = [
  ...['3080', '0000', '3000', '0400', '0500', '0200', '020100', '020103', '0201ff', '02047fffffff', '020500ffffffff'],
  ...['a000', 'a080', '2480', '248004010000', '308400000000', '3084ffffffff', '30850000000001', '1f8101', '80', '8000'],
  ...['06092a864886f70d010701', '06092a864886f70d010706', '060b2a864886f70d010c0a0102', '06052b8104000a', '0600', 'ff'],
].map((hex) => Buffer.from(hex, 'hex'))

/** The key, or the one text for all that does not open. */
function opened(bytes: Uint8Array, password = held.password, keyPassword?: string): string {
  try {
    const { privateKey, publicKeyHex } = readKeystoreKey(bytes, { password, keyPassword })
    return `${Buffer.from(privateKey).toString('hex')} ${publicKeyHex}`
  } catch (error) {
    if (error instanceof KeystoreUnreadableError) {
      expect([error.message, error.details, error.cause]).toEqual([unreadable, {}, undefined])
      return unreadable
    }
    // Only where the MAC fits may it be told that there are several keys, or none of that name.
    if (error instanceof KeystoreAliasError) return 'which key?'
    throw error
  }
}

const whole = `${held.privateKeyHex} ${held.publicKeyHex}`

test('a store whose layers are as they were opens', () => {
  expect(opened(storeWith(undefined, (bytes) => bytes))).toBe(whole)
})

describe.each(layers)('damage of %s, under a MAC that fits', (layer: Layer) => {
  test('law: opens to the key that was put in, or says the one text', () => {
    fc.assert(
      fc.property(mangles(words, { most: layer === 'key' ? 1 : 3 }), (mangle) => {
        const answer = opened(storeWith(layer, mangle))
        expect([whole, unreadable, 'which key?']).toContain(answer)
      }),
      { numRuns: 350 },
    )
  })

  test('law: tells a wrong password nothing, whatever else is wrong', () => {
    fc.assert(
      fc.property(mangles(words), fc.constantFrom('', 'x', 'a passwore', 'A PASSWORD'), (mangle, password) => {
        expect(opened(storeWith(layer, mangle), password)).toBe(unreadable)
      }),
      { numRuns: 60 },
    )
  })
})

test('law: damage from outside never gives another key: stores of other writers', () => {
  // Those whose derivations are short; each round of a MAC is paid before anything is known.
  const quick = vectors.filter(({ file }) => /^(openssl|java-keytool)/.test(file))
  expect(quick.length).toBeGreaterThan(1)
  fc.assert(
    fc.property(fc.constantFrom(...quick), mangles(words, { most: 2 }), (vector, mangle) => {
      const { file, storePassword, keyPassword, privateKeyHex, publicKeyHex } = vector
      const answer = opened(mangle(vectorBytes(file)), storePassword, keyPassword)
      expect([unreadable, `${privateKeyHex} ${publicKeyHex}`]).toContain(answer)
    }),
    { numRuns: 80 },
  )
})

test('law: any bytes are no keystore', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom(...words), (bytes, word) => {
      expect(opened(Buffer.concat([Uint8Array.of(0x30, word.length + bytes.length), word, bytes]))).toBe(unreadable)
      expect(() => readKeystoreKeys(bytes, { password: 'x' })).toThrow(unreadable)
    }),
    { numRuns: 500 },
  )
})

test.each([
  { name: 'open lengths', unit: '3080' },
  { name: 'constructed strings', unit: '2480' },
  { name: 'lengths of four octets', unit: '308400ffffff' },
  { name: 'empty sequences', unit: '3000' },
  { name: 'sequences around sequences', unit: '30823030' },
])('64 KiB of $name are refused at once', ({ unit }) => {
  const startMs = performance.now()
  expect(opened(Buffer.alloc(65_536, unit, 'hex'))).toBe(unreadable)
  expect(performance.now() - startMs).toBeLessThan(2_000)
})

test('law: a count of rounds above the bound is refused before any is run', () => {
  fc.assert(
    fc.property(fc.oneof(fc.constantFrom(5_000_001, 0x7fff_ffff), fc.integer({ min: 5_000_001 })), (rounds) => {
      const startMs = performance.now()
      expect(opened(storeWith(undefined, (bytes) => bytes, rounds))).toBe(unreadable)
      // The smallest of these takes seconds, the largest an hour.
      expect(performance.now() - startMs).toBeLessThan(2_000)
    }),
    { numRuns: 20 },
  )
})

describe('the readers inside', () => {
  const only = (work: () => unknown): void => {
    try {
      work()
    } catch (error) {
      expect(error).toBeInstanceOf(KeystoreUnreadableError)
    }
  }

  test('law: an element is read or refused, and every view lies inside its bytes', () => {
    fc.assert(
      fc.property(fc.constantFrom(...layers), mangles(words, { most: 3 }), (layer, mangle) => {
        let bytes: Uint8Array = new Uint8Array()
        storeWith(layer, (layerBytes) => {
          bytes = mangle(layerBytes)
          return layerBytes
        })
        only(() => {
          const node = decodeBer(bytes)
          expect(node.encoded.length).toBe(bytes.length)
          for (const child of node.children) expect(child.encoded.length).toBeLessThan(bytes.length)
          for (const read of [octetsOf, oidOf, smallIntOf]) only(() => read(node))
        })
      }),
      { numRuns: 800 },
    )
  })

  test('law: a private key that was damaged is that key or none', () => {
    const privateKey = Buffer.from(held.privateKeyHex, 'hex')
    const info = encodePrivateKeyInfo({ privateKey, publicKeyHex: held.publicKeyHex })
    fc.assert(
      fc.property(mangles(words, { most: 1 }), (mangle) => {
        try {
          expect(decodePrivateKeyInfo(mangle(info)).publicKeyHex).toBe(held.publicKeyHex)
        } catch (error) {
          expect(error).toBeInstanceOf(BaseError)
        }
      }),
      { numRuns: 800 },
    )
  })
})
