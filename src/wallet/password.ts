import { join } from 'node:path'
import { WalletPasswordError } from './errors.ts'
import { createPrivateFiles, exists, orExisting, readPrivateFile } from './private-files.ts'

/**
 * Only printable ASCII works: the parts of a PKCS#12 store encode other characters differently, and so do the programs
 * that read it.
 * @throws WalletPasswordError naming the rule, never the password
 */
export function assertPasswordText(password: string): void {
  if (!/^[\x20-\x7e]*$/.test(password))
    throw new WalletPasswordError('A keystore password may hold only printable ASCII characters.', {
      hint: 'Use the letters, digits, signs and blanks of ASCII.',
    })
}

/** The same, for a password to write a store with: it may not be empty. @throws WalletPasswordError */
export function assertNewPassword(password: string): void {
  assertPasswordText(password)
  if (password === '') throw new WalletPasswordError('A keystore password may not be empty.', { hint: 'Set one.' })
}

/** The file beside the keystores that holds a password made at first start. */
export const passwordFileName = 'password'

/**
 * The password in a file, without the one line break at its end. The file must be private; a link is followed, since
 * mounted secrets are links.
 * @throws WalletFileError for a file others may read, WalletPasswordError for an empty one or one beyond printable ASCII
 */
export async function readPasswordFile(path: string): Promise<string> {
  const bytes = await readPrivateFile(path, { maxBytes: 4096, followLink: true })
  const password = bytes.toString('utf8').replace(/\r?\n$/, '')
  assertNewPassword(password)
  return password
}

/**
 * The password of one of two sources, or undefined without either. An empty one counts as not given, as compose files
 * pass on unset variables.
 * @throws WalletPasswordError when both are given, and what `readPasswordFile` throws
 */
export async function choosePassword({
  text,
  file,
}: {
  readonly text: string | undefined
  readonly file: string | undefined
}): Promise<string | undefined> {
  if (text && file)
    throw new WalletPasswordError('The wallet password is given twice, as text and as a file.', {
      hint: 'Keep one of OTTO_WALLET_PASSWORD and OTTO_WALLET_PASSWORD_FILE.',
    })
  return file ? await readPasswordFile(file) : text || undefined
}

/** The password file of a wallet folder, or undefined without one. @throws WalletFileError, WalletPasswordError */
export async function readStoredPassword(dir: string): Promise<string | undefined> {
  const path = join(dir, passwordFileName)
  return (await exists(path)) ? await readPasswordFile(path) : undefined
}

/**
 * The password of a wallet folder; a random one is made and kept there when there is none. Of two processes that do so at
 * once both get the same.
 * @throws WalletFileError, WalletPasswordError
 */
export async function ensureStoredPassword(dir: string, randomBytes: (size: number) => Uint8Array): Promise<string> {
  const stored = await readStoredPassword(dir)
  if (stored !== undefined) return stored
  const bytes = Buffer.from(`${Buffer.from(randomBytes(24)).toString('base64url')}\n`)
  await orExisting(createPrivateFiles(dir, [{ name: passwordFileName, bytes }]))
  return await readPasswordFile(join(dir, passwordFileName))
}
