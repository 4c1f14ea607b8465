import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Config } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import { LedgerLockedError } from '../devnet/errors.ts'
import { lockFile } from '../devnet/lock.ts'
import { loadRules } from '../open-games.ts'
import { addressFromId, idFromPublicKey } from '../signing/address.ts'
import { publicKeyHexFromPrivate } from '../signing/ecdsa.ts'
import { keystoreFileName, players } from '../wallet/first-start.ts'
import { maxKeystoreBytes, readKeystoreKey } from '../wallet/p12-read.ts'
import { choosePassword, readStoredPassword } from '../wallet/password.ts'
import { exists, readPrivateFile } from '../wallet/private-files.ts'
import type { Finding } from './_finding.ts'
import { lockHolder } from './_lock-holder.ts'

const minNode = 24

/** The runtime. */
export async function checkRuntime(): Promise<Finding> {
  const { version, platform, arch } = process
  const isOld = Number.parseInt(process.versions.node, 10) < minNode
  const detail = `Node ${version} on ${platform} ${arch}`
  return isOld
    ? { level: 'fail', name: 'runtime', detail, next: `Install Node ${minNode} or newer.` }
    : { level: 'ok', name: 'runtime', detail }
}

/** Oracle and state machine. @throws DefinitionInvalidError, InvalidJsonError */
export async function checkRules(): Promise<Finding> {
  loadRules()
  return { level: 'ok', name: 'rules', detail: 'oracle/tictactoe.json and statemachine/tictactoe.json' }
}

/** Both key stores: modes, password, accounts. Makes nothing. @throws what the wallet's readers throw */
export async function checkWallets({ wallet }: Config): Promise<readonly Finding[]> {
  const { dir } = wallet
  const there = await Promise.all(players.map((player) => exists(join(dir, keystoreFileName(player)))))
  if (!there.includes(true))
    return [{ level: 'ok', name: 'wallets', detail: `none in ${dir} yet: the first start makes them` }]
  const chosen = await choosePassword({ text: wallet.password, file: wallet.passwordFile })
  const password = chosen ?? (await readStoredPassword(dir))
  if (password === undefined)
    return [
      { level: 'fail', name: 'wallets', detail: `no password for those in ${dir}`, next: 'Set OTTO_WALLET_PASSWORD.' },
    ]
  const source = chosen === undefined ? `the file password in ${dir}` : 'the settings'
  const folder: Finding = (await isOpenToOthers(dir))
    ? { level: 'warn', name: 'wallets', detail: `others may write in ${dir}`, next: `chmod go-w ${dir}` }
    : { level: 'ok', name: 'wallets', detail: `${dir}, password from ${source}` }
  const keys = await Promise.all(players.map((player) => checkKeystore(dir, player, password)))
  const [first, second] = keys
  if (first?.level === 'ok' && first.detail === second?.detail)
    return [folder, ...keys, { level: 'fail', name: 'players', detail: 'both have the same key', next: 'Replace one.' }]
  return [folder, ...keys]
}

async function checkKeystore(dir: string, player: (typeof players)[number], password: string): Promise<Finding> {
  const file = keystoreFileName(player)
  const path = join(dir, file)
  if (!(await exists(path)))
    return {
      level: 'fail',
      name: player,
      detail: `${file} is missing`,
      next: `Put it back, or: otto wallet new --name ${player}`,
    }
  try {
    const { privateKey } = readKeystoreKey(await readPrivateFile(path, { maxBytes: maxKeystoreBytes }), { password })
    const address = addressFromId(idFromPublicKey(publicKeyHexFromPrivate(privateKey)))
    privateKey.fill(0)
    const { mode } = await stat(path)
    return { level: 'ok', name: player, detail: `${address}, mode ${(mode & 0o777).toString(8).padStart(4, '0')}` }
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return { level: 'fail', name: player, detail: error.message, next: error.hint }
  }
}

const isOpenToOthers = async (dir: string): Promise<boolean> => ((await stat(dir)).mode & 0o022) !== 0

const minFreeBytes = 100 * 1024 * 1024

/** Where the service writes: may it, is there room? */
export async function checkDataFolder({ devnet }: Config): Promise<Finding> {
  const folder = await nearestFolder(resolve(devnet.dataDir))
  const name = 'data'
  try {
    await access(folder, constants.W_OK | constants.X_OK)
  } catch {
    return { level: 'fail', name, detail: `${folder} cannot be written`, next: 'chown it, or set OTTO_DATA_DIR.' }
  }
  const { bavail, bsize } = await statfs(folder)
  const free = `${devnet.dataDir}, ${Math.floor((bavail * bsize) / 1024 ** 2).toLocaleString('en')} MiB free`
  return bavail * bsize < minFreeBytes
    ? { level: 'warn', name, detail: free, next: 'Make room: a full disk stops the ledger.' }
    : { level: 'ok', name, detail: free }
}

async function nearestFolder(path: string): Promise<string> {
  const isThere = await exists(path)
  return isThere || dirname(path) === path ? path : nearestFolder(dirname(path))
}

/**
 * The embedded ledger's lock: free, or whose. It is taken for a moment, so that there is no doubt.
 * @param isServing a service answers on the port of these settings, so the lock is its own
 */
export async function checkLock({ devnet }: Config, isServing: boolean): Promise<Finding> {
  const path = join(devnet.dataDir, 'ledger', 'ledger.lock')
  const name = 'ledger'
  if (!(await exists(path))) return { level: 'ok', name, detail: `none in ${devnet.dataDir} yet` }
  try {
    lockFile(path)()
    return { level: 'ok', name, detail: `${dirname(path)}, not in use` }
  } catch (error) {
    if (!(error instanceof LedgerLockedError)) throw error
    const holder = (await lockHolder(path)) ?? 'another process'
    const detail = `${dirname(path)}, in use by ${holder}`
    if (isServing) return { level: 'ok', name, detail }
    return {
      level: 'warn',
      name,
      detail,
      next: 'A service can start here when it has ended, or with another OTTO_DATA_DIR.',
    }
  }
}
