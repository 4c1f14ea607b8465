/** Prints whether libsecp256k1's addon loads here, and signs and verifies as our own code does. */

import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier } from '../../src/signing/verify.ts'

const key = new Uint8Array(32).fill(7)
const hash = 'ab'.repeat(32)

async function check(): Promise<string | undefined> {
  try {
    const { signHash } = await import('./_native-ecdsa.ts')
    const native = await import('./_native-verify.ts')
    const signer = createSigner(key)
    const signature = signHash(hash, key)
    if (signature !== (await signer.sign(hash))) return 'it signs other bytes than noble'
    const proof = { id: signer.id, signature }
    const both = [createVerifier({ maxKeys: 1 }), native.createVerifier()]
    for (const verifier of both) if (!(await verifier.verifyProof(hash, proof))) return 'it does not verify'
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.slice(0, 120) : String(error)
  }
}

console.log(JSON.stringify({ problem: (await check()) ?? null }))
