import type { Config } from './config.ts'
import { ConfigInvalidError } from './config.ts'
import { systemClock } from './system.ts'
import { openExternalWallets } from './wallet/external-signer.ts'
import { choosePassword } from './wallet/password.ts'
import { readPrivateFile } from './wallet/private-files.ts'
import type { Wallets } from './wallet/wallet.ts'
import { openWallets } from './wallet/wallet.ts'

/**
 * The players' wallets, by the settings: key stores in a folder, or a signer in another process. With a signer the folder
 * is not looked at.
 * @throws WalletStartError, WalletFileError, WalletPasswordError, ConfigInvalidError
 */
export async function openPlayers(config: Pick<Config, 'wallet' | 'signer' | 'signing'>): Promise<Wallets> {
  const { url } = config.signer
  if (config.signing !== 'external' || url === undefined) return openKeystores(config)
  return openExternalWallets({ url, token: await readSignerToken(config) })
}

/** The key stores of this machine. @throws WalletStartError, WalletFileError, WalletPasswordError */
export async function openKeystores({ wallet }: Pick<Config, 'wallet'>): Promise<Wallets> {
  const password = await choosePassword({ text: wallet.password, file: wallet.passwordFile })
  return openWallets({ dir: wallet.dir, password, nowMs: systemClock.nowMs() })
}

/**
 * What the service shows to the signer, and the signer wants to see; undefined where neither is set.
 * @throws WalletFileError for a file that others may read, ConfigInvalidError for one without a token
 */
export async function readSignerToken({ signer }: Pick<Config, 'signer'>): Promise<string | undefined> {
  if (signer.tokenFile === undefined) return signer.token
  const bytes = await readPrivateFile(signer.tokenFile, { maxBytes: 4_096, followLink: true })
  const token = bytes.toString('utf8').replace(/\r?\n$/, '')
  if (/^[\x21-\x7e]{32,512}$/.test(token)) return token
  throw new ConfigInvalidError(['the file in OTTO_SIGNER_TOKEN_FILE must hold 32 to 512 visible ASCII characters'])
}
