import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { WalletStartError } from './errors.ts'
import { randomPrivateKey, writeKeystore } from './p12-write.ts'
import { createPrivateFiles, exists, linkPrivateFile, orExisting, stagingPrefix, syncFolder } from './private-files.ts'

/** The players, in the order their keystores are made. */
export const players = ['playerX', 'playerO'] as const
export type Player = (typeof players)[number]

export type FirstStartInput = {
  readonly dir: string
  /** Asked for only when the pair has to be made. */
  readonly newPassword: () => Promise<string>
  readonly randomBytes: (size: number) => Uint8Array
  readonly nowMs: number
}

/** The file name of a player's keystore. */
export const keystoreFileName = (player: Player): string => `${player}.p12`

const [firstName, secondName] = [keystoreFileName('playerX'), keystoreFileName('playerO')]

/**
 * Makes playerX.p12 and playerO.p12 where both are missing. A crash at any point leaves a folder that the next start
 * completes; of two processes at once both end with the same pair.
 * @throws WalletStartError when only one is there: making the other up would change an account unseen
 */
export async function ensureKeystores({ dir, ...input }: FirstStartInput): Promise<void> {
  const before = await missing(dir)
  if (before.length === 0) return
  const failure = before.length === 2 ? await createPair(dir, input) : undefined
  // Another process may have made them meanwhile; only what is missing in the end counts.
  await completePair(dir)
  const [name] = await missing(dir)
  if (name === undefined) return
  if (failure !== undefined) throw failure
  throw new WalletStartError(`${name} is missing, while the other player's keystore is there.`, {
    details: { file: name, reason: 'missing' },
    hint: 'Put it back, or make a new one with: otto wallet new --name <player>.',
  })
}

async function missing(dir: string): Promise<string[]> {
  const there = await Promise.all([firstName, secondName].map((name) => exists(join(dir, name))))
  return [firstName, secondName].filter((_, index) => there[index] === false)
}

async function createPair(dir: string, { newPassword, randomBytes, nowMs }: Omit<FirstStartInput, 'dir'>) {
  const password = await newPassword()
  const files = players.map((alias) => {
    const privateKey = randomPrivateKey(randomBytes)
    const bytes = writeKeystore({ privateKey, alias, password, randomBytes, nowMs })
    privateKey.fill(0)
    return { name: keystoreFileName(alias), bytes }
  })
  return await createPrivateFiles(dir, files).then(
    () => undefined,
    (error: unknown) => error,
  )
}

/**
 * Where a crash let only the first file get its name, gives the second one its own. The pair is known by the file itself:
 * the folder it was written in still holds the same one under its first name.
 */
async function completePair(dir: string): Promise<void> {
  const [name, other] = await missing(dir)
  if (name !== secondName || other !== undefined) return
  const folders = (await readdir(dir))
    .filter((entry) => entry.startsWith(stagingPrefix))
    .map((entry) => join(dir, entry))
  for (const folder of folders) {
    const complete = await exists(join(folder, secondName))
    if (!complete || !(await isSameFile(join(folder, firstName), join(dir, firstName)))) continue
    await orExisting(linkPrivateFile(join(folder, secondName), join(dir, secondName)))
    await syncFolder(dir)
    await rm(folder, { recursive: true, force: true })
  }
}

async function isSameFile(left: string, right: string): Promise<boolean> {
  const [one, two] = await Promise.all([left, right].map((path) => stat(path, { bigint: true }).catch(() => undefined)))
  return one !== undefined && two !== undefined && one.ino === two.ino && one.dev === two.dev
}
