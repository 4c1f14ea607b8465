import { createECDH } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeHex, encodeHex } from '../core/hex.ts'
import type { Signer } from '../signing/signed.ts'
import { createSigner } from '../signing/signer.ts'
import { LedgerUnwritableError } from './errors.ts'
import { openLogFile, syncDirectory } from './log-file.ts'

/**
 * The key of this node: it names the node and signs its snapshots. Made at the first start and kept in the folder, for
 * its owner's eyes only; without a folder it is made anew.
 * @throws LedgerUnwritableError when the file cannot be read or made, or holds no key
 */
export async function openNodeKey(folder: string | null): Promise<Signer> {
  if (folder === null) return createSigner(newKey())
  const path = join(folder, 'node.key')
  try {
    const known = await readKey(path)
    const key = known ?? newKey()
    const signer = createSigner(key)
    if (known === undefined) await writeKey(folder, path, key)
    key.fill(0)
    return signer
  } catch (cause) {
    throw new LedgerUnwritableError(path, cause)
  }
}

function newKey(): Uint8Array {
  const pair = createECDH('secp256k1')
  pair.generateKeys()
  const key = new Uint8Array(32)
  const digits = pair.getPrivateKey() // shorter where the number is small
  key.set(digits, key.length - digits.length)
  return key
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    const digits = (await readFile(path, 'utf8')).trim()
    return decodeHex(digits.padStart(64, '0')) ?? new Uint8Array()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

// Under another name first, so that a kill leaves a whole key or none.
async function writeKey(folder: string, path: string, privateKey: Uint8Array): Promise<void> {
  const unfinished = `${path}.tmp`
  const file = await openLogFile(unfinished)
  await file.truncate(0)
  await file.write(Buffer.from(`${encodeHex(privateKey)}\n`, 'utf8'), 0)
  await file.sync()
  await file.close()
  await rename(unfinished, path)
  await syncDirectory(folder)
}
