import { readFileSync } from 'node:fs'
import forge from 'node-forge'

export type Vector = {
  readonly file: string
  readonly alias: string
  readonly storePassword: string
  readonly keyPassword: string
  readonly privateKeyHex: string
  readonly publicKeyHex: string
  readonly id: string
  readonly address: string
  readonly otherEntry?: Pick<Vector, 'alias' | 'privateKeyHex' | 'publicKeyHex' | 'id' | 'address'>
}

const folder = new URL('../vectors/keystore/', import.meta.url)

export const vectors: readonly Vector[] = JSON.parse(readFileSync(new URL('keystore.json', folder), 'utf8')).files

/** The path of a store among the vectors. */
export const vectorPath = (file: string): string => new URL(file, folder).pathname

export const vectorBytes = (file: string): Uint8Array => readFileSync(vectorPath(file))

const { asn1, pkcs12, hmac, util } = forge
type Asn1 = forge.asn1.Asn1

export const fromDer = (bytes: Uint8Array | string): Asn1 =>
  asn1.fromDer(typeof bytes === 'string' ? bytes : Buffer.from(bytes).toString('latin1'))
export const toDer = (node: Asn1): Buffer => Buffer.from(asn1.toDer(node).getBytes(), 'latin1')

/** The child at a path of indices. */
export const at = (node: Asn1, ...path: readonly number[]): Asn1 =>
  path.reduce((parent, index) => (parent.value as Asn1[])[index] as Asn1, node)

/** What a store of ours holds under its MAC: AuthenticatedSafe. */
export const contentsOf = (store: Uint8Array): Asn1 => fromDer(at(fromDer(store), 1, 1, 0).value as string)

/** The safe contents (key bags) of a store of ours. */
export const keyBagsOf = (contents: Asn1): Asn1 => fromDer(at(contents, 0, 1, 0).value as string)

/** The same store around other contents, with a MAC that fits them: what only someone with the password can make. */
export function withContents(store: Uint8Array, contents: Asn1, password: string): Buffer {
  const pfx = fromDer(store)
  const text = toDer(contents).toString('latin1')
  at(pfx, 1, 1, 0).value = text
  const salt = util.createBuffer(at(pfx, 2, 1).value as string)
  const mac = hmac.create()
  // The type leaves out the last argument, the hash.
  const generateKey = pkcs12.generateKey as unknown as (...args: unknown[]) => forge.util.ByteBuffer
  mac.start('sha256', generateKey(password, salt, 3, 10_000, 32, forge.md.sha256.create()))
  mac.update(text)
  at(pfx, 2, 0, 1).value = mac.digest().getBytes()
  return toDer(pfx)
}
