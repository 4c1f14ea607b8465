import type { ErrorKind } from '../core/errors.ts'
import { BaseError } from '../core/errors.ts'

/**
 * A keystore does not open. One text for a wrong password, a missing or failed MAC and a damaged file,
 * so that no answer tells a guesser more than another.
 */
export class KeystoreUnreadableError extends BaseError {
  override readonly code = 'KEYSTORE_UNREADABLE'
  override readonly kind = 'invalid'
  constructor() {
    super('The keystore cannot be opened: the password is wrong, or the file is damaged or has no MAC.', {
      hint: 'Check the password and that the file is an intact PKCS#12 store with a secp256k1 key.',
    })
  }
}

/** The store opened, but the key to take is not clear: an unknown alias, or several keys and no alias. */
export class KeystoreAliasError extends BaseError {
  override readonly code = 'KEYSTORE_ALIAS'
  override readonly kind = 'invalid'
  constructor({ alias, aliases }: { alias: string | undefined; aliases: readonly (string | undefined)[] }) {
    const known = aliases.map((name) => JSON.stringify(name ?? '')).join(', ')
    const fact = alias === undefined ? 'holds several keys and no alias was named' : 'has no single key with that alias'
    super(`The keystore ${fact}; it holds ${known}.`, { hint: 'Name one of its aliases.' })
  }
}

/** A wallet password, or the way it was given, cannot be used. */
export class WalletPasswordError extends BaseError {
  override readonly code = 'WALLET_PASSWORD'
  override readonly kind = 'invalid'
}

/** A file breaks a rule for files with secrets, or would be overwritten. `details.reason` says which. */
export class WalletFileError extends BaseError {
  override readonly code = 'WALLET_FILE'
  override readonly kind: ErrorKind
  constructor(file: string, reason: keyof typeof fileRules) {
    super(`${file}: ${fileRules[reason].fact}`, { hint: fileRules[reason].hint, details: { file, reason } })
    this.kind = fileRules[reason].kind
  }
}

const fileRules = {
  missing: { kind: 'invalid', fact: 'there is no such file.', hint: 'Check the folder and the name.' },
  exists: { kind: 'conflict', fact: 'exists already and is never overwritten.', hint: 'Take another name or folder.' },
  link: { kind: 'invalid', fact: 'must be a regular file, not a symbolic link.', hint: 'Put the file itself there.' },
  not_regular: { kind: 'invalid', fact: 'must be a regular file.', hint: 'Put a file there.' },
  owner: { kind: 'invalid', fact: 'must belong to the user of this process or to root.', hint: 'chown the file.' },
  mode: { kind: 'invalid', fact: 'must give no permission to group or others.', hint: 'chmod 600 the file.' },
  size: { kind: 'invalid', fact: 'is larger than any file of its kind.', hint: 'Check that it is the right file.' },
  refused: { kind: 'invalid', fact: 'cannot be read or made here.', hint: 'Check the folder and its permissions.' },
} as const satisfies Record<string, { kind: ErrorKind; fact: string; hint: string }>

/** The wallets do not start: one of the pair is missing, does not open, or is not the expected account. */
export class WalletStartError extends BaseError {
  override readonly code = 'WALLET_START'
  override readonly kind = 'invalid'
}

/** The external signer gave no signature that can be used. Nothing was sent. */
export class ExternalSignerError extends BaseError {
  override readonly code = 'WALLET_ERROR'
  override readonly kind = 'internal'
  constructor(message: string, cause?: unknown) {
    super(message, {
      cause,
      details: { reason: 'signing_failed' },
      hint: 'Nothing was played. An operator must look at the signer that OTTO_SIGNER_URL names.',
    })
  }
}

/** Why a question to the external signer came to nothing. */
export type SignerFault =
  | 'unreachable' // refused, no name, no TLS, or the connection broke
  | 'no_answer' // not within the deadline
  | 'status' // a refusal, a redirect, anything but 200
  | 'answer' // no JSON of the protocol, or more bytes than it can need

/** Only ever a cause. No part of the answer goes on: a stranger may have written it. */
export class SignerNoAnswerError extends BaseError {
  override readonly code = 'SIGNER_NO_ANSWER'
  override readonly kind = 'unavailable'
  readonly reason: SignerFault
  constructor(reason: SignerFault, fact: string) {
    super(fact, { details: { reason } })
    this.reason = reason
  }
}
