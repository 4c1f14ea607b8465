import { createHmac, timingSafeEqual } from 'node:crypto'
import type { BerNode } from './ber.ts'
import { childAt, decodeBer, octetsOf, oidOf, smallIntOf, tagged } from './ber.ts'
import { publicKeyOfCertificate } from './certificate.ts'
import type { KeyPair } from './ec-key.ts'
import { decodePrivateKeyInfo } from './ec-key.ts'
import { KeystoreAliasError, KeystoreUnreadableError } from './errors.ts'
import { derivePkcs12Key, digests, purposes } from './kdf.ts'
import { oids } from './oids.ts'
import { assertPasswordText } from './password.ts'
import { decryptPbe } from './pbe.ts'

/** `keyPassword` where an older wallet has one of its own for the key; else the store's serves both. */
export type KeystorePasswords = { readonly password: string; readonly keyPassword?: string | undefined }

/** A key of a store, with the name it has there. Whoever asked for it zeroes `privateKey`. */
export type KeystoreKey = KeyPair & { readonly alias: string | undefined }

/** No store of ours or of the Constellation tools comes near: 1 to 2 KiB hold a key. */
export const maxKeystoreBytes = 65_536

/**
 * Every secp256k1 key of a PKCS#12 store. Synchronous work of up to half a second a key: 51,200 rounds are usual.
 * @throws KeystoreUnreadableError for all that does not open, WalletPasswordError
 * @see RFC 7292
 */
export function readKeystoreKeys(bytes: Uint8Array, passwords: KeystorePasswords): KeystoreKey[] {
  return opening(passwords, () => {
    const store = openStore(bytes, passwords)
    return store.keys.map((bag) => decryptKey(store, bag, passwords))
  })
}

/**
 * The key of a PKCS#12 store that has the alias (in either case); without an alias, its only key.
 * @throws KeystoreUnreadableError for all that does not open, KeystoreAliasError, WalletPasswordError
 */
export function readKeystoreKey(
  bytes: Uint8Array,
  { alias, ...passwords }: KeystorePasswords & { readonly alias?: string | undefined },
): KeystoreKey {
  return opening(passwords, () => {
    const store = openStore(bytes, passwords)
    return decryptKey(store, pickKey(store, alias), passwords)
  })
}

/** Whatever goes wrong inside says the same: neither the text nor the class helps a guesser. */
function opening<T>({ password, keyPassword = '' }: KeystorePasswords, open: () => T): T {
  assertPasswordText(password)
  assertPasswordText(keyPassword)
  try {
    return open()
  } catch (error) {
    if (error instanceof KeystoreAliasError) throw error
    throw new KeystoreUnreadableError()
  }
}

type Bag = { readonly value: BerNode; readonly alias: string | undefined; readonly localKeyId: Uint8Array | undefined }
type Store = { readonly keys: readonly Bag[]; readonly certificates: readonly Bag[] }

function openStore(bytes: Uint8Array, { password }: KeystorePasswords): Store {
  if (bytes.length > maxKeystoreBytes) throw new KeystoreUnreadableError()
  const pfx = tagged(decodeBer(bytes), 0x30)
  if (smallIntOf(childAt(pfx, 0)) !== 3) throw new KeystoreUnreadableError()
  const contents = dataOf(childAt(pfx, 1, 0x30))
  // A store whose MAC was cut off has no third child; it must fail before anything in it is believed.
  assertMac(childAt(pfx, 2, 0x30), contents, password)
  const bags = tagged(decodeBer(contents), 0x30).children.flatMap((content) => readBags(content, password))
  const store = { keys: bagsOf(bags, oids.shroudedKeyBag), certificates: bagsOf(bags, oids.certBag) }
  if (store.keys.length === 0) throw new KeystoreUnreadableError()
  return store
}

/** The bytes in a ContentInfo of type data. */
function dataOf(contentInfo: BerNode): Uint8Array {
  if (oidOf(childAt(contentInfo, 0)) !== oids.data) throw new KeystoreUnreadableError()
  return octetsOf(childAt(childAt(contentInfo, 1, 0xa0), 0))
}

/** @see RFC 7292 §4 (MacData) and appendix B */
function assertMac(macData: BerNode, contents: Uint8Array, password: string): void {
  const digestInfo = childAt(macData, 0, 0x30)
  const [algorithm, parameters] = childAt(digestInfo, 0, 0x30).children
  const digest = algorithm && digests[oidOf(algorithm)]
  // A hash takes no parameters: NULL, or none.
  if (digest === undefined || (parameters !== undefined && parameters.tag !== 0x05)) throw new KeystoreUnreadableError()
  const expected = octetsOf(childAt(digestInfo, 1))
  const salt = octetsOf(childAt(macData, 1))
  // The count may be left away and is 1 then.
  const iterations = macData.children.length > 2 ? smallIntOf(childAt(macData, 2)) : 1
  const bytes = digest.outputBytes
  const key = derivePkcs12Key({ digest, password, salt, iterations, purpose: purposes.mac, bytes })
  const mac = createHmac(digest.name, key).update(contents).digest()
  key.fill(0)
  if (expected.length !== mac.length || !timingSafeEqual(expected, mac)) throw new KeystoreUnreadableError()
}

type TypedBag = Bag & { readonly type: string }

const bagsOf = (bags: readonly TypedBag[], type: string): Bag[] => bags.filter((bag) => bag.type === type)

function readBags(contentInfo: BerNode, password: string): TypedBag[] {
  const encrypted = oidOf(childAt(contentInfo, 0)) === oids.encryptedData
  const contents = encrypted ? decryptContents(contentInfo, password) : dataOf(contentInfo)
  return tagged(decodeBer(contents), 0x30).children.map(readBag)
}

function decryptContents(contentInfo: BerNode, password: string): Uint8Array {
  const encryptedData = childAt(childAt(contentInfo, 1, 0xa0), 0, 0x30)
  const inner = childAt(encryptedData, 1, 0x30)
  return decryptPbe(childAt(inner, 1, 0x30), octetsOf(childAt(inner, 2), 0x80), password)
}

function readBag(bag: BerNode): TypedBag {
  const attributes = new Map(
    bag.children[2]?.children.map((attribute) => [oidOf(childAt(attribute, 0)), childAt(childAt(attribute, 1), 0)]),
  )
  const name = attributes.get(oids.friendlyName)
  const keyId = attributes.get(oids.localKeyId)
  return {
    type: oidOf(childAt(bag, 0)),
    value: childAt(childAt(bag, 1, 0xa0), 0),
    alias: name && Buffer.from(tagged(name, 0x1e).content).swap16().toString('utf16le'),
    localKeyId: keyId && octetsOf(keyId),
  }
}

function pickKey({ keys }: Store, alias: string | undefined): Bag {
  const wanted = alias?.toLowerCase()
  const matching = keys.filter((bag) => wanted === undefined || bag.alias?.toLowerCase() === wanted)
  const [only, second] = matching
  if (only === undefined || second !== undefined)
    throw new KeystoreAliasError({ alias, aliases: keys.map((bag) => bag.alias) })
  return only
}

function decryptKey(store: Store, bag: Bag, { password, keyPassword = password }: KeystorePasswords): KeystoreKey {
  const info = tagged(bag.value, 0x30)
  const plain = decryptPbe(childAt(info, 0, 0x30), octetsOf(childAt(info, 1)), keyPassword)
  try {
    const keyPair = decodePrivateKeyInfo(plain)
    for (const certificate of certificatesOf(store, bag))
      if (publicKeyOfCertificate(certificate) !== keyPair.publicKeyHex) throw new KeystoreUnreadableError()
    return { ...keyPair, alias: bag.alias }
  } finally {
    plain.fill(0)
  }
}

/** The certificates that say they belong to the key: `localKeyID` is what pairs them. @see RFC 7292 §4.2 */
function certificatesOf({ certificates }: Store, key: Bag): Uint8Array[] {
  return certificates
    .filter(({ localKeyId }) => key.localKeyId && localKeyId && Buffer.compare(key.localKeyId, localKeyId) === 0)
    .filter(({ value }) => oidOf(childAt(value, 0)) === oids.x509Certificate)
    .map(({ value }) => octetsOf(childAt(childAt(value, 1, 0xa0), 0)))
}
