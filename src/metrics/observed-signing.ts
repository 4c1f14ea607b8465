import type { Clock } from '../core/clock.ts'
import type { ObserveSeconds } from '../core/observe.ts'
import type { Signer } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'

type Observation = { readonly observe: ObserveSeconds; readonly clock: Pick<Clock, 'monotonicMs'> }

/** The same signer, every signature timed. It stands behind it, so that what it prints stays its address. */
export function observeSigner(signer: Signer, { observe, clock }: Observation): Signer {
  return Object.create(signer, {
    sign: {
      enumerable: true,
      async value(hashHex: string): Promise<string> {
        const startMs = clock.monotonicMs()
        const signature = await signer.sign(hashHex)
        observe((clock.monotonicMs() - startMs) / 1000)
        return signature
      },
    },
  })
}

/** The same verifier, every check timed. */
export function observeVerifier(verifier: Verifier, { observe, clock }: Observation): Verifier {
  return {
    ...verifier,
    async verifyProof(hashHex, proof) {
      const startMs = clock.monotonicMs()
      const isValid = await verifier.verifyProof(hashHex, proof)
      observe((clock.monotonicMs() - startMs) / 1000)
      return isValid
    },
  }
}
