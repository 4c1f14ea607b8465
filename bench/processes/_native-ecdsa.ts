import { signingDigest } from '../../src/signing/digest.ts'
import * as ours from '../../src/signing/ecdsa.ts'
import { addon } from './_native.ts'

export const { isPrivateKey, publicKeyHexFromPrivate } = ours

/** As src/signing/ecdsa.ts: RFC 6979, low s, strict DER, hex. */
export const signHash = (hashHex: string, privateKey: Uint8Array): string =>
  Buffer.from(addon.signatureExport(addon.ecdsaSign(signingDigest(hashHex), privateKey).signature)).toString('hex')
