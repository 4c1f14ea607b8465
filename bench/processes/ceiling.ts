/** Prints C: how often a second one core can sign by noble and verify by node:crypto with a key that is parsed already. */
import { createHmac, createPublicKey, hash, verify } from 'node:crypto'
import { getPublicKey, hashes, Signature, sign, utils } from '@noble/secp256k1'
import { addressFromId, idFromPublicKey, spkiFromId } from '../../src/signing/address.ts'
import { encodeDer } from '../../src/signing/der.ts'

hashes.sha256 = (message) => new Uint8Array(hash('sha256', message, 'buffer'))
hashes.hmacSha256 = (key, message) => new Uint8Array(createHmac('sha256', key).update(message).digest())

const secret = utils.randomSecretKey()
const id = idFromPublicKey(Buffer.from(getPublicKey(secret, false)).toString('hex'))
const publicKey = createPublicKey({ key: spkiFromId(id), format: 'der', type: 'spki' })
const texts = Array.from({ length: 64 }, (_, at) => hash('sha256', `${addressFromId(id)}${at}`, 'hex'))

function pairs(seconds: number) {
  let signMs = 0
  let verifyMs = 0
  let count = 0
  while (signMs + verifyMs < seconds * 1000) {
    const text = texts[count % texts.length] ?? ''
    const startMs = performance.now()
    const compact = sign(new Uint8Array(hash('sha512', text, 'buffer').subarray(0, 32)), secret, { prehash: false })
    const signedMs = performance.now()
    const der = encodeDer(Signature.fromBytes(compact))
    const encodedMs = performance.now()
    if (!verify('sha512', Buffer.from(text), publicKey, der)) throw new Error('The signature does not verify.')
    signMs += signedMs - startMs
    verifyMs += performance.now() - encodedMs
    count += 1
  }
  return { signMs: signMs / count, verifyMs: verifyMs / count, perSecond: (count * 1000) / (signMs + verifyMs) }
}

pairs(0.4) // warm
console.log(JSON.stringify(pairs(1.2)))
