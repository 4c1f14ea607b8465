import type { BaseErrorOptions } from '../core/errors.ts'
import { BaseError } from '../core/errors.ts'
import type { Layer } from './transport.ts'

const nothingPlayed = 'Nothing was played; try again shortly.'

const layerNames: Record<Layer, string> = { l1: 'Data L1', l0: 'metagraph L0' }

/** Certainly nothing was received: no connection came about, or nothing was tried before time was up. */
export class NotSentError extends BaseError {
  override readonly code: Uppercase<string> = 'LEDGER_UNREACHABLE'
  override readonly kind = 'unavailable'
  constructor(message: string, { cause, details = {} }: Pick<BaseErrorOptions, 'cause' | 'details'> = {}) {
    super(message, { cause, details, hint: nothingPlayed })
  }
}

/** The layer failed too often just now, so it was not asked at all. */
export class CircuitOpenError extends NotSentError {
  override readonly code = 'CIRCUIT_OPEN'
  constructor(layer: Layer, retryAfterSeconds: number) {
    super(`The ${layerNames[layer]} failed too often just now.`, { details: { layer, retryAfterSeconds } })
  }
}

/** The request may have arrived, and nobody can know: no complete answer came back. */
export class NoAnswerError extends BaseError {
  override readonly code = 'LEDGER_NO_ANSWER'
  override readonly kind = 'timeout'
  constructor(layer: Layer, { cause }: Pick<BaseErrorOptions, 'cause'> = {}) {
    super(`No complete answer came from the ${layerNames[layer]}.`, {
      cause,
      details: { layer },
      hint: 'Read the ledger before sending anything again.',
    })
  }
}

/** Why a layer could not be used although something of it may have answered. */
export type UnusableAnswer =
  | { readonly reason: 'no_answer' }
  | { readonly reason: 'bad_status'; readonly status: number }
  | { readonly reason: 'bad_shape' }
  | { readonly reason: 'not_ready'; readonly state: string }

/** No address of a layer gave a usable answer to a read. */
export class LedgerUnreachableError extends BaseError {
  override readonly code = 'LEDGER_UNREACHABLE'
  override readonly kind = 'unavailable'
  constructor(layer: Layer, answer: UnusableAnswer, { cause }: Pick<BaseErrorOptions, 'cause'> = {}) {
    super(`The ${layerNames[layer]} gave no usable answer.`, {
      cause,
      details: { layer, ...answer },
      hint: nothingPlayed,
    })
  }
}

/** A node's address is not an HTTP base URL, or a layer has none. */
export class NodeAddressInvalidError extends BaseError {
  override readonly code = 'NODE_ADDRESS_INVALID'
  override readonly kind = 'invalid'
  constructor(layer: Layer, message: string) {
    super(`${layerNames[layer]}: ${message}`, {
      details: { layer },
      hint: 'Give http:// or https:// addresses without user, query or fragment; a path in front is kept.',
    })
  }
}
