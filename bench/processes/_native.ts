import { createRequire } from 'node:module'

/** What is used of libsecp256k1's addon. Digests and keys are 32 bytes, signatures 64, public keys 65. */
type Addon = {
  ecdsaSign(digest: Uint8Array, privateKey: Uint8Array): { readonly signature: Uint8Array }
  ecdsaVerify(signature: Uint8Array, digest: Uint8Array, publicKey: Uint8Array): boolean
  signatureImport(der: Uint8Array): Uint8Array
  signatureExport(signature: Uint8Array): Uint8Array
  signatureNormalize(signature: Uint8Array): Uint8Array
}

/** The compiled addon itself: the package's own index would fall back to JavaScript. @throws where there is no binary */
export const addon = createRequire(import.meta.url)('secp256k1/bindings.js') as Addon
