/** One signature under a message: who signed, and the signature. @see Constellation data update, `proofs` */
export type Proof = {
  /** The signer's public key: 128 hex digits, uncompressed and without the leading `04`. */
  readonly id: string
  /** ECDSA signature, strict DER, hex. */
  readonly signature: string
}

/** A value with the proofs over its one canonical hash. */
export type Signed<T> = { readonly value: T; readonly proofs: readonly Proof[] }

/** A capability to sign as one key. It never gives the key away, and printing it shows its address. */
export type Signer = {
  readonly id: string
  readonly address: string
  /** Signs a 64-digit hash (lower-case hex); gives strict DER, low s, as lower-case hex. */
  sign(hashHex: string): Promise<string>
}
