import { createHmac } from 'node:crypto'
import { publicKeyHexFromPrivate } from '../../src/signing/ecdsa.ts'
import { createCertificate } from '../../src/wallet/certificate.ts'
import { bmpString, der, explicit, objectId, octetString, sequence, setOf, smallInteger } from '../../src/wallet/der.ts'
import { encodePrivateKeyInfo } from '../../src/wallet/ec-key.ts'
import { derivePkcs12Key, purposes, sha256 } from '../../src/wallet/kdf.ts'
import { oids } from '../../src/wallet/oids.ts'
import { encryptPbes2 } from '../../src/wallet/pbe.ts'

/** The layers of a store, from the key outwards: each is changed before the next one is closed around it. */
export const layers = ['key', 'shrouded', 'bags', 'certificate', 'certificates', 'contents', 'store'] as const
export type Layer = (typeof layers)[number]

const password = 'a password'
const privateKey = new Uint8Array(32).with(30, 7).with(31, 1)
const randomBytes = (size: number) => Uint8Array.from({ length: size }, (_, index) => index)
const keyPair = { privateKey, publicKeyHex: publicKeyHexFromPrivate(privateKey) }
const certificateDer = createCertificate({ keyPair, nowMs: Date.parse('2026-11-21T00:00:00Z'), randomBytes })
const options = { password, iterations: 1, randomBytes }
const attributes = setOf(
  sequence(objectId(oids.friendlyName), setOf(bmpString('playerX'))),
  sequence(objectId(oids.localKeyId), setOf(octetString(randomBytes(20)))),
)

const contentInfo = (type: string, content: Uint8Array) => sequence(objectId(type), explicit(0, content))

/** What the stores here hold. */
export const held = {
  password,
  publicKeyHex: keyPair.publicKeyHex,
  privateKeyHex: Buffer.from(privateKey).toString('hex'),
}

/**
 * A store with one layer changed and everything around it as it must be, MAC included: what a damaged writer with the
 * password would make. One round for each derivation, so that thousands can be read in a test; the MAC may claim more.
 */
export function storeWith(
  layer: Layer | undefined,
  change: (bytes: Uint8Array) => Uint8Array,
  claimedRounds = 1,
): Uint8Array {
  const at = (name: Layer, bytes: Uint8Array) => (name === layer ? change(bytes) : bytes)
  const key = encryptPbes2(at('key', encodePrivateKeyInfo(keyPair)), options)
  const shrouded = at('shrouded', sequence(key.algorithm, octetString(key.encrypted)))
  const keyBag = sequence(objectId(oids.shroudedKeyBag), explicit(0, shrouded), attributes)
  const bags = at('bags', sequence(keyBag))
  const x509 = sequence(objectId(oids.x509Certificate), explicit(0, octetString(at('certificate', certificateDer))))
  const certBags = sequence(sequence(objectId(oids.certBag), explicit(0, x509), attributes))
  const certificates = encryptPbes2(at('certificates', certBags), options)
  const inner = sequence(objectId(oids.data), certificates.algorithm, der(0x80, certificates.encrypted))
  const contents = at(
    'contents',
    sequence(
      contentInfo(oids.data, octetString(bags)),
      contentInfo(oids.encryptedData, sequence(smallInteger(0), inner)),
    ),
  )
  return at(
    'store',
    sequence(smallInteger(3), contentInfo(oids.data, octetString(contents)), macData(contents, claimedRounds)),
  )
}

function macData(contents: Uint8Array, claimedRounds: number): Uint8Array {
  const salt = randomBytes(20)
  const key = derivePkcs12Key({ digest: sha256, password, salt, iterations: 1, purpose: purposes.mac, bytes: 32 })
  const mac = createHmac('sha256', key).update(contents).digest()
  const algorithm = sequence(objectId(oids.sha256), Uint8Array.of(0x05, 0x00))
  return sequence(sequence(algorithm, octetString(mac)), octetString(salt), smallInteger(claimedRounds))
}
