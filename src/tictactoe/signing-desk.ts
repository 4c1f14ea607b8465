import type { Chain, SignedMessage } from '../chain/chain.ts'
import type { JsonObject } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Message } from '../fiber/messages.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import { dataUpdateHash } from '../signing/digest.ts'
import type { Signer } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'
import { verifySigned } from '../signing/verify.ts'
import type { SigningPolicyDeps } from './_signing-policy.ts'
import { createSigningPolicy } from './_signing-policy.ts'
import { SigningRefusedError, SigningUnavailableError, TooManyUnsettledError } from './signing-errors.ts'

/** The one way to a signature: nothing else in the game world touches a wallet. */
export type SigningDesk = {
  /**
   * Signs a message of the catalogue, and looks at the signatures before anybody gets them.
   * @param slot what the caller calls the intent; `settled` is told the same word
   * @throws SigningRefusedError for a message that no tool makes, and for a second, different event for a place whose
   * first one is not settled; SigningUnavailableError; TooManyUnsettledError. Nothing is signed then, or nobody gets it
   */
  sign(message: Message, signers: readonly Signer[], slot: string): Promise<SignedMessage>
  /** The fate of everything signed under the slot is known, or it never left this process: its places are free. */
  settled(slot: string): void
}

export type SigningDeskDeps = SigningPolicyDeps & {
  readonly chain: Pick<Chain, 'sign' | 'dialect'>
  readonly verifier: Verifier
  readonly maxUnsettled?: number
}

/** A place on the ledger, and the one message that was signed for it. */
type Taken = { readonly hash: string; readonly slots: Set<string>; signing: number; isSigned: boolean }

/**
 * A desk for two wallets. What it signed is held until it is settled, at most 10,000 places unless told: forgetting the
 * oldest would open the very hole it closes, so when it is full it signs nothing for a new place. It knows what this
 * process signed; after a restart the log of intents holds the places, which lets no second open intent into one.
 */
export function createSigningDesk({ chain, verifier, maxUnsettled = 10_000, ...policy }: SigningDeskDeps): SigningDesk {
  const judge = createSigningPolicy(policy)
  const places = new Map<string, Taken>()
  const placesBySlot = new Map<string, Set<string>>()

  /** Takes the place before anything is signed, so that of two calls at once only one gets a signature. */
  const take = (place: string, hash: string, slot: string): Taken => {
    const standing = places.get(place)
    if (standing !== undefined && standing.hash !== hash) throw new SigningRefusedError('equivocation', { place })
    if (standing === undefined && places.size >= maxUnsettled) throw new TooManyUnsettledError(maxUnsettled)
    const taken = standing ?? { hash, slots: new Set(), signing: 0, isSigned: false }
    taken.signing += 1
    taken.slots.add(slot)
    places.set(place, taken)
    const underSlot = placesBySlot.get(slot) ?? new Set()
    placesBySlot.set(slot, underSlot.add(place))
    return taken
  }

  const free = (place: string): void => {
    for (const slot of places.get(place)?.slots ?? []) {
      const underSlot = placesBySlot.get(slot)
      underSlot?.delete(place)
      if (underSlot?.size === 0) placesBySlot.delete(slot)
    }
    places.delete(place)
  }

  return {
    async sign(message, asked, slot) {
      const { signers, place } = judge(message, asked)
      const hash = hashOf(chain.dialect, chain.dialect.encode(message))
      const taken = take(place, hash, slot)
      try {
        const signed = await signChecked({ chain, verifier }, message, signers, hash)
        // Settled while it was being signed: the place may have another message by now.
        if (places.get(place) !== taken) throw new SigningRefusedError('equivocation', { place })
        taken.isSigned = true
        return signed
      } finally {
        taken.signing -= 1
        // A signature that nobody got binds nobody.
        if (places.get(place) === taken && !taken.isSigned && taken.signing === 0) free(place)
      }
    },
    settled(slot) {
      for (const place of [...(placesBySlot.get(slot) ?? [])]) free(place)
    },
  }
}

/** @throws SigningUnavailableError unless every proof is there, is by whom it should be, and verifies over this very value */
async function signChecked(
  { chain, verifier }: Pick<SigningDeskDeps, 'chain' | 'verifier'>,
  message: Message,
  signers: readonly Signer[],
  hash: string,
): Promise<SignedMessage> {
  const signed = await chain.sign(message, signers).catch((cause: unknown) => {
    throw new SigningUnavailableError(cause)
  })
  const { proofs, value } = signed.envelope
  const ids = signers.map(({ id }) => id).sort()
  const isComplete =
    signed.hash === hash &&
    hashOf(chain.dialect, value) === hash &&
    proofs.length === ids.length &&
    proofs.every(({ id }, index) => id === ids[index])
  if (!isComplete || !(await verifySigned(hash, proofs, verifier))) throw new SigningUnavailableError()
  return signed
}

/** The text a node hashes leaves nulls away where its dialect does. */
const hashOf = ({ nulls }: Dialect, value: JsonObject): string =>
  dataUpdateHash(canonicalize(nulls === 'drop' ? dropNulls(value) : value))
