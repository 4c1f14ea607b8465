import { randomBytes } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { BaseError } from '../core/errors.ts'
import { addressFromId, idFromPublicKey } from '../signing/address.ts'
import { publicKeyHexFromPrivate } from '../signing/ecdsa.ts'
import { WalletPasswordError } from '../wallet/errors.ts'
import { players } from '../wallet/first-start.ts'
import { maxKeystoreBytes, readKeystoreKey, readKeystoreKeys } from '../wallet/p12-read.ts'
import { randomPrivateKey, writeKeystore } from '../wallet/p12-write.ts'
import { choosePassword, ensureStoredPassword, readStoredPassword } from '../wallet/password.ts'
import { createPrivateFiles, readForeignFile, readPrivateFile } from '../wallet/private-files.ts'
import { assertNoDebugger } from './_no-debugger.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto wallet new [--name playerX] [--dir d]                        make a keystore with a new key
otto wallet show [--dir d]                                        print file, alias, address and id of each key
otto wallet import <file.p12> --as playerX|playerO [--alias a] [--dir d]   take over a key you have

The folder is --dir, OTTO_WALLET_DIR or wallets. The password is OTTO_WALLET_PASSWORD, the file named by
OTTO_WALLET_PASSWORD_FILE, or the file password in the folder, which new and import make where there is none.
import opens the other file with OTTO_IMPORT_PASSWORD (without it: the same password), and its key with
OTTO_IMPORT_KEY_PASSWORD where that differs. Nothing is ever overwritten, and no key is ever printed.`

/** `otto wallet`: makes, shows and takes over keystores. */
export const walletCommand: Command = {
  name: 'wallet',
  summary: 'make, show and import the keystores of the players',
  usage,
  async run(args, context) {
    assertNoDebugger(context.env)
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        dir: { type: 'string' },
        name: { type: 'string' },
        as: { type: 'string' },
        alias: { type: 'string' },
      },
    })
    const [action = '', ...rest] = positionals
    const subcommand = Object.hasOwn(subcommands, action) ? subcommands[action] : undefined
    if (subcommand === undefined) return wrongUsage(context, 'name one of new, show and import')
    const { dir = context.env['OTTO_WALLET_DIR'] || 'wallets', ...options } = values
    const unused = Object.keys(options).find((name) => !subcommand.options.includes(name))
    if (unused !== undefined) return wrongUsage(context, `${action} has no option --${unused}`)
    if (rest.length !== subcommand.files) return wrongUsage(context, `${action} takes ${subcommand.files} file names`)
    return await subcommand.run({ ...options, dir, file: rest[0] ?? '' }, context)
  },
}

type Asked = {
  readonly dir: string
  readonly file: string
  readonly name?: string
  readonly as?: string
  readonly alias?: string
}
type Subcommand = {
  readonly options: readonly string[]
  /** How many file names it takes. */
  readonly files: number
  run(asked: Asked, context: CommandContext): Promise<number>
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  new: { options: ['name'], files: 0, run: runNew },
  show: { options: [], files: 0, run: runShow },
  import: { options: ['as', 'alias'], files: 1, run: runImport },
}

function wrongUsage(context: CommandContext, problem: string): number {
  context.err(`otto wallet: ${problem}\n\n${usage}`)
  return 2
}

async function runNew({ dir, name = 'playerX' }: Asked, context: CommandContext): Promise<number> {
  // The name becomes a file name, so it can lead nowhere else.
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(name))
    return wrongUsage(context, '--name takes letters, digits, - and _')
  await keepKey({ dir, name, privateKey: randomPrivateKey(randomBytes) }, context)
  return 0
}

async function runShow({ dir }: Asked, context: CommandContext): Promise<number> {
  const files = await keystoresIn(dir)
  if (files.length === 0) {
    context.out(`There is no keystore in ${dir}.`)
    return 0
  }
  const password = (await knownPassword(dir, context)) ?? noPassword('OTTO_WALLET_PASSWORD')
  let code = 0
  for (const file of files) if (!(await showFile(join(dir, file), password, context))) code = 1
  return code
}

const keystoresIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir).catch(() => [])).filter((name) => name.endsWith('.p12')).sort()

/** Prints the keys of one file; a file that does not open is one line on the other channel, and false. */
async function showFile(path: string, password: string, context: CommandContext): Promise<boolean> {
  try {
    const bytes = await readPrivateFile(path, { maxBytes: maxKeystoreBytes })
    for (const { alias, privateKey, publicKeyHex } of readKeystoreKeys(bytes, { password })) {
      privateKey.fill(0)
      // The alias comes out of a file, so it may hold anything: as JSON it stays on its line.
      context.out(describe(`${basename(path)} ${JSON.stringify(alias ?? '')}`, publicKeyHex))
    }
    return true
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    const prefix = error.message.startsWith(basename(path)) ? '' : `${basename(path)}: `
    context.err(`${prefix}${error.message}`)
    return false
  }
}

async function runImport({ dir, file, as: name, alias }: Asked, context: CommandContext): Promise<number> {
  if (!players.some((player) => player === name) || name === undefined)
    return wrongUsage(context, 'import needs --as playerX or --as playerO')
  const bytes = await readForeignFile(file, maxKeystoreBytes)
  const { OTTO_IMPORT_PASSWORD: importPassword, OTTO_IMPORT_KEY_PASSWORD: keyPassword } = context.env
  const password = importPassword || ((await knownPassword(dir, context)) ?? noPassword('OTTO_IMPORT_PASSWORD'))
  const { privateKey } = readKeystoreKey(bytes, { password, keyPassword: keyPassword || undefined, alias })
  await keepKey({ dir, name, privateKey }, context)
  return 0
}

/** Writes a key under our profile and password, prints whose it is, and overwrites the bytes it was given. */
async function keepKey(
  { dir, name, privateKey }: { dir: string; name: string; privateKey: Uint8Array },
  context: CommandContext,
): Promise<void> {
  try {
    const password = (await knownPassword(dir, context)) ?? (await firstPassword(dir))
    const bytes = writeKeystore({ privateKey, alias: name, password, randomBytes, nowMs: Date.now() })
    await createPrivateFiles(dir, [{ name: `${name}.p12`, bytes }])
    context.out(describe(`${name}.p12 ${JSON.stringify(name)}`, publicKeyHexFromPrivate(privateKey)))
  } finally {
    privateKey.fill(0)
  }
}

/** The password that is set; else the one kept in the folder. */
const knownPassword = async (dir: string, { env }: CommandContext): Promise<string | undefined> =>
  (await choosePassword({ text: env['OTTO_WALLET_PASSWORD'], file: env['OTTO_WALLET_PASSWORD_FILE'] })) ??
  (await readStoredPassword(dir))

/** A new password for the folder, unless keystores are there: they would be under another one. */
const firstPassword = async (dir: string): Promise<string> =>
  (await keystoresIn(dir)).length > 0
    ? noPassword('OTTO_WALLET_PASSWORD')
    : await ensureStoredPassword(dir, randomBytes)

function noPassword(variable: string): never {
  throw new WalletPasswordError('There is no password for the keystores.', { hint: `Set ${variable}.` })
}

function describe(what: string, publicKeyHex: string): string {
  const id = idFromPublicKey(publicKeyHex)
  return `${what} ${addressFromId(id)} ${id}`
}
