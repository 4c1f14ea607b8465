import { createBoundedMap } from '../../src/core/bounded-map.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { createSigner } from '../../src/signing/signer.ts'

/** The wallets of all worlds. A signature follows from key and hash alone, so each is made once a process. */
export const players = { X: remembering(createSigner(keyOf(7))), O: remembering(createSigner(keyOf(9))) }

function keyOf(digit: number): Uint8Array {
  return new Uint8Array(32).fill(digit)
}

function remembering(signer: Signer): Signer {
  const made = createBoundedMap<string, string>(20_000)
  return {
    ...signer,
    async sign(hashHex) {
      const signature = made.get(hashHex) ?? (await signer.sign(hashHex))
      made.set(hashHex, signature)
      return signature
    },
  }
}
