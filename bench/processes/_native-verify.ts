import { signingDigest } from '../../src/signing/digest.ts'
import type { Verifier } from '../../src/signing/verify.ts'
import * as ours from '../../src/signing/verify.ts'
import { addon } from './_native.ts'

export const { verifySigned } = ours

/** As src/signing/verify.ts; on the main thread, where it takes as long as handing over to another would. */
export const createVerifier = (): Verifier => ({
  async verifyProof(hashHex, { id, signature }) {
    try {
      const compact = addon.signatureNormalize(addon.signatureImport(Buffer.from(signature, 'hex')))
      return addon.ecdsaVerify(compact, signingDigest(hashHex), Buffer.from(`04${id}`, 'hex'))
    } catch {
      return false
    }
  },
})
