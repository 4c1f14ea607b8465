import type { JsonObject } from '../core/json.ts'

/** Why a message is refused, by the names of a node's validation errors. */
export type Refusal = { readonly code: string; readonly message: string; readonly detail?: string }

const maxDetailCharacters = 200
const maxListed = 20 // a definition may be wrong in five hundred places

/** Refusals as a node writes them: `CidNotFound(732c…), ValueIsNull`. */
export const refusalText = (refusals: readonly Refusal[]): string =>
  refusals
    .slice(0, maxListed)
    .map(({ code, detail }) => (detail === undefined ? code : `${code}(${detail.slice(0, maxDetailCharacters)})`))
    .join(', ')

/**
 * The body of `/transactions/{hash}/errors` for a message that was refused when its turn came.
 * @see Constellation metagraph L0
 */
export const blockNotAccepted = (refusals: readonly Refusal[]): JsonObject => ({
  message: `data block not accepted: ${refusalText(refusals)}`,
  description: null,
  details: {
    errors: refusals
      .slice(0, maxListed)
      .map(({ code, message }) => ({ code, message: message.slice(0, maxDetailCharacters) })),
  },
})
