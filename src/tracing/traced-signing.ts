import type { Signer } from '../signing/signed.ts'
import type { Spans } from './_spans.ts'
import { codeOf } from './_spans.ts'

/** The same signer; each signature is a step `sign`. It stands behind it, so that what it prints stays its address. */
export const traceSigner = (signer: Signer, spans: Spans): Signer =>
  Object.create(signer, {
    sign: {
      enumerable: true,
      async value(hashHex: string): Promise<string> {
        const step = spans.beginPart({ name: 'sign', attributes: { 'otto.address': signer.address } })
        try {
          return await signer.sign(hashHex)
        } catch (error) {
          step?.fail(codeOf(error))
          throw error
        } finally {
          step?.end()
        }
      },
    },
  })
