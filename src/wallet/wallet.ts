import { randomBytes as cryptoRandomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Signer } from '../signing/signed.ts'
import type { ClosableSigner } from '../signing/signer.ts'
import { createSigner } from '../signing/signer.ts'
import { KeystoreAliasError, KeystoreUnreadableError, WalletStartError } from './errors.ts'
import type { Player } from './first-start.ts'
import { ensureKeystores, keystoreFileName } from './first-start.ts'
import { maxKeystoreBytes, readKeystoreKey } from './p12-read.ts'
import { assertNewPassword, ensureStoredPassword, readStoredPassword } from './password.ts'
import { readPrivateFile } from './private-files.ts'

/** Both players' signers. After `close` the keys are overwritten and nothing signs any more. */
export type Wallets = {
  readonly playerX: Signer
  readonly playerO: Signer
  /** Only of wallets elsewhere: do they answer, with the accounts they had? Rejects where not. */
  ping?(): Promise<void>
  close(): void
}

export type OpenWalletsInput = {
  readonly dir: string
  /** Undefined: the one in the file `password` beside the keystores, made at first start. */
  readonly password: string | undefined
  readonly nowMs: number
  /** The accounts the keystores must hold, where they are known beforehand. */
  readonly addresses?: { readonly playerX: string; readonly playerO: string } | undefined
  readonly randomBytes?: (size: number) => Uint8Array
}

/**
 * Opens playerX.p12 and playerO.p12 in a folder, and makes both at first start. Takes some 10 ms a file of ours and half
 * a second for one of the Constellation keytool.
 * @throws WalletStartError, WalletFileError, WalletPasswordError: one line with the file and the rule, no secret
 */
export async function openWallets({
  dir,
  password,
  nowMs,
  addresses,
  randomBytes = cryptoRandomBytes,
}: OpenWalletsInput): Promise<Wallets> {
  if (password !== undefined) assertNewPassword(password)
  const newPassword = async () => password ?? (await ensureStoredPassword(dir, randomBytes))
  await ensureKeystores({ dir, newPassword, randomBytes, nowMs })
  const secret = password ?? (await readStoredPassword(dir))
  if (secret === undefined)
    throw new WalletStartError('There is no password for the keystores.', {
      details: { reason: 'password_missing' },
      hint: 'Set OTTO_WALLET_PASSWORD or OTTO_WALLET_PASSWORD_FILE.',
    })
  const playerX = await openSigner({ dir, player: 'playerX', password: secret, address: addresses?.playerX })
  try {
    const playerO = await openSigner({ dir, player: 'playerO', password: secret, address: addresses?.playerO })
    return toWallets(playerX, playerO)
  } catch (error) {
    playerX.close()
    throw error
  }
}

type OpenSignerInput = { dir: string; player: Player; password: string; address: string | undefined }

async function openSigner({ dir, player, password, address }: OpenSignerInput): Promise<ClosableSigner> {
  const file = keystoreFileName(player)
  const bytes = await readPrivateFile(join(dir, file), { maxBytes: maxKeystoreBytes })
  const { privateKey } = readOnlyKey(file, bytes, password)
  const signer = createSigner(privateKey)
  privateKey.fill(0)
  if (address === undefined || signer.address === address) return signer
  signer.close()
  throw new WalletStartError(`${file} is the account ${signer.address}, not the expected ${address}.`, {
    details: { file, reason: 'address_mismatch', address: signer.address, expected: address },
    hint: 'Put the right keystore there, or change the expected address.',
  })
}

function readOnlyKey(file: string, bytes: Uint8Array, password: string) {
  try {
    return readKeystoreKey(bytes, { password })
  } catch (error) {
    if (error instanceof KeystoreUnreadableError)
      throw new WalletStartError(`${file}: ${error.message}`, {
        details: { file, reason: 'unreadable' },
        hint: 'Check OTTO_WALLET_PASSWORD, or bring the file back from a backup.',
      })
    if (error instanceof KeystoreAliasError)
      throw new WalletStartError(`${file}: ${error.message}`, {
        details: { file, reason: 'several_keys' },
        hint: 'Take one of its keys with: otto wallet import <file> --as <player> --alias <alias>.',
      })
    throw error
  }
}

function toWallets(playerX: ClosableSigner, playerO: ClosableSigner): Wallets {
  if (playerX.id === playerO.id) {
    playerO.close()
    throw new WalletStartError('playerX.p12 and playerO.p12 hold the same key; the players must differ.', {
      details: { reason: 'same_key', address: playerX.address },
      hint: 'Replace one of them.',
    })
  }
  return {
    playerX,
    playerO,
    close() {
      playerX.close()
      playerO.close()
    },
  }
}
