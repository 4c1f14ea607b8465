import { inspect } from 'node:util'
import forge from 'node-forge'
import { describe, expect, test } from 'vitest'
import { addressFromId, idFromPublicKey } from '../../src/signing/address.ts'
import { KeystoreAliasError, KeystoreUnreadableError, WalletPasswordError } from '../../src/wallet/errors.ts'
import type { KeystoreKey } from '../../src/wallet/p12-read.ts'
import { readKeystoreKey, readKeystoreKeys } from '../../src/wallet/p12-read.ts'
import { writeKeystore } from '../../src/wallet/p12-write.ts'
import { at, contentsOf, fromDer, keyBagsOf, toDer, vectorBytes, vectors, withContents } from './_keystores.ts'

const unreadable = 'The keystore cannot be opened: the password is wrong, or the file is damaged or has no MAC.'

const describeKey = ({ privateKey, publicKeyHex }: KeystoreKey) => {
  const id = idFromPublicKey(publicKeyHex)
  return { privateKeyHex: Buffer.from(privateKey).toString('hex'), publicKeyHex, id, address: addressFromId(id) }
}

describe.each(vectors)('$file', (vector) => {
  const { file, alias, storePassword: password, keyPassword } = vector
  const { privateKeyHex, publicKeyHex, id, address } = vector

  test('opens to its key, id and address, by its alias in any case', () => {
    const key = readKeystoreKey(vectorBytes(file), { password, keyPassword, alias: alias.toUpperCase() })
    expect(describeKey(key)).toEqual({ privateKeyHex, publicKeyHex, id, address })
    expect(key.alias?.toLowerCase()).toBe(alias.toLowerCase())
  })

  test('tells nothing to a wrong password', () => {
    expect(failure(() => readKeystoreKey(vectorBytes(file), { password: 'wrong', alias }))).toBe(unreadable)
  })

  test('does not open once its MAC is cut off', () => {
    const pfx = fromDer(vectorBytes(file))
    expect((pfx.value as forge.asn1.Asn1[]).pop()).toBeDefined()
    expect(failure(() => readKeystoreKey(toDer(pfx), { password, keyPassword, alias }))).toBe(unreadable)
  })
})

test('an only key is taken without naming it', () => {
  const [{ file, storePassword, privateKeyHex } = stop()] = vectors
  const { privateKey } = readKeystoreKey(vectorBytes(file), { password: storePassword })
  expect(Buffer.from(privateKey).toString('hex')).toBe(privateKeyHex)
})

describe('a store with two keys', () => {
  const { file, storePassword: password, id, otherEntry } = vectors.find((vector) => vector.otherEntry) ?? stop()

  test('lists both', () => {
    const keys = readKeystoreKeys(vectorBytes(file), { password })
    const ids = keys.map(({ publicKeyHex }) => idFromPublicKey(publicKeyHex))
    expect(ids.toSorted()).toEqual([id, otherEntry?.id].toSorted())
  })

  test('opens the other one by its alias', () => {
    const key = readKeystoreKey(vectorBytes(file), { password, alias: otherEntry?.alias })
    expect({ alias: key.alias, ...describeKey(key) }).toEqual(otherEntry)
  })

  test.each([undefined, 'nobody'])('refuses the alias %s and says which there are', (alias) => {
    const read = () => readKeystoreKey(vectorBytes(file), { password, alias })
    expect(read).toThrow(KeystoreAliasError)
    expect(failure(read)).toContain('"playerO", "playerX"')
  })

  test('says nothing about aliases to a wrong password', () => {
    expect(failure(() => readKeystoreKey(vectorBytes(file), { password: 'wrong', alias: 'nobody' }))).toBe(unreadable)
  })
})

describe('one same answer for every way not to open', () => {
  const password = 'a password'
  const store = writeKeystore({ ...sample(1), alias: 'playerX', password })
  const read = (bytes: Uint8Array, words = password) => failure(() => readKeystoreKey(bytes, { password: words }))
  const changed = (change: (pfx: forge.asn1.Asn1) => void) => {
    const pfx = fromDer(store)
    change(pfx)
    return toDer(pfx)
  }
  const rewritten = (change: (contents: forge.asn1.Asn1) => void) => {
    const contents = contentsOf(store)
    change(contents)
    return withContents(store, contents, password)
  }
  const rekeyed = (change: (bags: forge.asn1.Asn1) => void) =>
    rewritten((contents) => {
      const bags = keyBagsOf(contents)
      change(bags)
      at(contents, 0, 1, 0).value = toDer(bags).toString('latin1')
    })
  const tooMany = forge.asn1.integerToDer(5_000_001).getBytes()

  test('the store itself opens, and so does one with a recomputed MAC', () => {
    expect(readKeystoreKey(store, { password }).alias).toBe('playerX')
    expect(
      readKeystoreKey(
        rewritten(() => undefined),
        { password },
      ).alias,
    ).toBe('playerX')
  })

  test.each([
    { name: 'nothing', bytes: new Uint8Array(0) },
    { name: 'text', bytes: Buffer.from('not a keystore') },
    { name: 'the first 300 bytes', bytes: store.subarray(0, 300) },
    { name: 'trailing bytes', bytes: Buffer.concat([store, Buffer.alloc(1)]) },
    { name: '64 KiB and a byte', bytes: new Uint8Array(65_537) },
    { name: 'endless nesting', bytes: Buffer.alloc(65_536, '3080', 'hex') },
    {
      name: 'another version',
      bytes: changed((pfx) => {
        at(pfx, 0).value = '\x02'
      }),
    },
    {
      name: 'a MAC cut short',
      bytes: changed((pfx) => {
        at(pfx, 2, 0, 1).value = (at(pfx, 2, 0, 1).value as string).slice(0, 16)
      }),
    },
    {
      name: 'an empty MAC',
      bytes: changed((pfx) => {
        at(pfx, 2, 0, 1).value = ''
      }),
    },
    {
      name: 'a MAC by MD5',
      bytes: changed((pfx) => {
        at(pfx, 2, 0, 0, 0).value = forge.asn1.oidToDer('1.2.840.113549.2.5').getBytes()
      }),
    },
    {
      name: '5,000,001 rounds of the MAC',
      bytes: changed((pfx) => {
        at(pfx, 2, 2).value = tooMany
      }),
    },
    {
      name: '2^40 rounds of the MAC',
      bytes: changed((pfx) => {
        at(pfx, 2, 2).value = '\x01\0\0\0\0\0'
      }),
    },
    {
      name: 'no round of the MAC',
      bytes: changed((pfx) => {
        at(pfx, 2, 2).value = '\0'
      }),
    },
    {
      name: '5,000,001 rounds of the key, under a MAC that fits',
      bytes: rekeyed((bags) => {
        at(bags, 0, 1, 0, 0, 1, 0, 1, 1).value = tooMany
      }),
    },
    {
      name: 'an unknown cipher of the key',
      bytes: rekeyed((bags) => {
        at(bags, 0, 1, 0, 0, 0).value = forge.asn1.oidToDer('1.2.3').getBytes()
      }),
    },
    {
      name: 'a damaged key, under a MAC that fits',
      bytes: rekeyed((bags) => {
        const bag = at(bags, 0, 1, 0, 1)
        bag.value = (bag.value as string).slice(0, -16)
      }),
    },
    {
      name: 'no key at all',
      bytes: rekeyed((bags) => {
        bags.value = []
      }),
    },
    { name: "another key's certificate", bytes: withForeignCertificate() },
  ])('$name', ({ bytes }) => {
    expect(read(bytes)).toBe(unreadable)
  })

  test.each(['', 'A password', 'a password '])('the password %j', (words) => {
    expect(read(store, words)).toBe(unreadable)
  })

  test('a flipped bit anywhere', () => {
    // Every byte around what the MAC covers, and some of the rest.
    const indices = Array.from(store.keys()).filter((index) => index < 40 || index > 1040 || index % 31 === 0)
    for (const index of indices) {
      const flipped = Buffer.from(store)
      flipped[index] = (flipped[index] ?? 0) ^ 0x10
      expect(read(flipped), `byte ${index}`).toBe(unreadable)
    }
  })

  test('a wrong password for the key alone', () => {
    const { file, storePassword } = vectors.find((vector) => vector.keyPassword !== vector.storePassword) ?? stop()
    expect(read(vectorBytes(file), storePassword)).toBe(unreadable)
  })

  /** Our key under the name of another key's certificate, with a MAC that fits. */
  function withForeignCertificate(): Uint8Array {
    const foreign = contentsOf(writeKeystore({ ...sample(2), alias: 'playerX', password }))
    return rewritten((contents) => {
      const bags = keyBagsOf(contents)
      const attributes = at(keyBagsOf(foreign), 0)
      ;(at(bags, 0).value as forge.asn1.Asn1[])[2] = at(attributes, 2)
      contents.value = [at(contents, 0), at(foreign, 1)]
      at(contents, 0, 1, 0).value = toDer(bags).toString('latin1')
    })
  }
})

test('the error says nothing beyond its text', () => {
  const [{ file, privateKeyHex } = stop()] = vectors
  try {
    readKeystoreKey(vectorBytes(file), { password: 'not-the-password' })
    expect.unreachable()
  } catch (error) {
    expect(error).toMatchObject({ code: 'KEYSTORE_UNREADABLE', kind: 'invalid', cause: undefined, details: {} })
    const printed = inspect(error, { depth: null, showHidden: true })
    expect(printed).not.toContain('not-the-password')
    expect(printed).not.toContain(privateKeyHex)
  }
})

test.each(['pässword', 'pass\n', '\0'])(
  'the password %j is refused by its characters, without showing it',
  (password) => {
    const read = () => readKeystoreKey(new Uint8Array(0), { password })
    expect(read).toThrow(WalletPasswordError)
    expect(failure(read)).toBe('A keystore password may hold only printable ASCII characters.')
    expect(() => readKeystoreKeys(new Uint8Array(0), { password: 'p', keyPassword: password })).toThrow(
      WalletPasswordError,
    )
  },
)

/** What to write a store with: the key is `number`, and chance gives the bytes 0, 1, 2, … */
function sample(number: number) {
  const privateKey = new Uint8Array(32).with(31, number)
  const randomBytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => index)
  return { privateKey, randomBytes, nowMs: Date.parse('2026-11-21T00:00:00Z') }
}

function failure(work: () => unknown): string {
  try {
    work()
  } catch (error) {
    if (error instanceof KeystoreUnreadableError) expect(error.hint).toBeDefined()
    return error instanceof Error ? error.message : ''
  }
  return 'no error'
}

function stop(): never {
  throw new Error('The vectors lack such a store.')
}
