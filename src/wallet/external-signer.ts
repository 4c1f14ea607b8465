import { createPublicKey } from 'node:crypto'
import { inspect } from 'node:util'
import { Pool } from 'undici'
import { z } from 'zod'
import { decodeHex } from '../core/hex.ts'
import { addressFromId, spkiFromId } from '../signing/address.ts'
import { decodeDer } from '../signing/der.ts'
import type { Signer } from '../signing/signed.ts'
import type { Verifier } from '../signing/verify.ts'
import { createVerifier } from '../signing/verify.ts'
import type { SignerLine } from './_signer-line.ts'
import { askSigner } from './_signer-line.ts'
import { ExternalSignerError, SignerNoAnswerError, WalletStartError } from './errors.ts'
import type { Player } from './first-start.ts'
import type { Wallets } from './wallet.ts'

export type OpenExternalWalletsInput = {
  /** Base address of the signer; a path in front is kept. */
  readonly url: string
  readonly token: string | undefined
  /** Of one question, to the last byte of its answer. */
  readonly timeoutMs?: number
}

const Account = z.object({ id: z.string().regex(/^[0-9a-f]{128}$/), address: z.string() })
const Accounts = z.object({ playerX: Account, playerO: Account })
type Account = z.output<typeof Account>

const Signature = z.object({ signature: z.string().regex(/^[0-9a-f]{16,144}$/) })

/** More than any answer of the protocol needs. */
const maxAnswerBytes = 64 * 1024
const maxConnections = 16

/** Half the order of the curve: of s and n − s the smaller one is the signature. @see SEC 2 §2.4.1, BIP 62 */
const maxS = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n

/**
 * The wallets of a process of its own, which holds the keys: see docs/external-signer.md. Nothing that it says is
 * believed: an account must be that of its id, and a signature is looked at before anybody gets it.
 * @throws WalletStartError, whose one line names OTTO_SIGNER_URL, when nobody answers as a signer does
 */
export async function openExternalWallets({
  url,
  token,
  timeoutMs = 5_000,
}: OpenExternalWalletsInput): Promise<Wallets> {
  const { origin, pathname } = new URL(url)
  const pool = new Pool(origin, {
    connections: maxConnections,
    maxResponseSize: maxAnswerBytes,
    connect: { timeout: timeoutMs, allowH2: false },
  })
  const line = { pool, pathPrefix: pathname.replace(/\/+$/, ''), token, timeoutMs }
  const verifier = createVerifier({ maxKeys: 2 })
  try {
    const { playerX, playerO } = await readAccounts(line)
    return {
      playerX: createExternalSigner(line, verifier, 'playerX', playerX),
      playerO: createExternalSigner(line, verifier, 'playerO', playerO),
      async ping() {
        const now = await readAccounts(line)
        if (now.playerX.id !== playerX.id || now.playerO.id !== playerO.id)
          throw notStarted('other_keys', 'The signer has other keys than at the start.')
      },
      // Nobody waits for sockets to close.
      close: () => void pool.destroy(),
    }
  } catch (error) {
    await pool.destroy()
    throw error
  }
}

async function readAccounts(line: SignerLine): Promise<z.output<typeof Accounts>> {
  const accounts = await askSigner(line, { path: '/wallets', schema: Accounts }).catch((error: unknown) => {
    throw error instanceof SignerNoAnswerError ? notStarted(error.reason, error.message) : error
  })
  for (const { id, address } of [accounts.playerX, accounts.playerO])
    if (!isPublicKey(id) || addressFromId(id) !== address)
      throw notStarted('answer', 'An account of the signer is not that of its id.')
  if (accounts.playerX.id === accounts.playerO.id)
    throw notStarted('same_key', 'The signer has one key for both players; they must differ.')
  return accounts
}

const notStarted = (reason: string, fact: string): WalletStartError =>
  new WalletStartError(`OTTO_SIGNER_URL: ${fact}`, {
    details: { reason },
    hint: 'Start the signer (otto signer), or check OTTO_SIGNER_URL and its token.',
  })

/** Does the id lie on the curve? */
function isPublicKey(id: string): boolean {
  try {
    return createPublicKey({ key: spkiFromId(id), format: 'der', type: 'spki' }).asymmetricKeyType === 'ec'
  } catch {
    return false
  }
}

function createExternalSigner(line: SignerLine, verifier: Verifier, wallet: Player, { id, address }: Account): Signer {
  return Object.freeze({
    id,
    address,
    async sign(hashHex: string): Promise<string> {
      const asked = { wallet, digest: hashHex }
      const { signature } = await askSigner(line, { path: '/sign', body: asked, schema: Signature }).catch(
        (cause: unknown) => {
          throw new ExternalSignerError('The signer gave no signature.', cause)
        },
      )
      if (!isLowS(signature)) throw new ExternalSignerError('The signature is not strict DER with a low s.')
      if (await verifier.verifyProof(hashHex, { id, signature })) return signature
      throw new ExternalSignerError(`The signature is not one of ${address} over this digest.`)
    },
    toJSON: () => address,
    toString: () => address,
    [inspect.custom]: () => address,
  })
}

function isLowS(signature: string): boolean {
  const der = decodeDer(decodeHex(signature) ?? new Uint8Array())
  return der !== undefined && der.s <= maxS
}
