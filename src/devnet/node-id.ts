import { createECDH } from 'node:crypto'
import { readFile, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { decodeHex, encodeHex } from '../core/hex.ts'
import { idFromPublicKey } from '../signing/address.ts'
import { LedgerUnwritableError } from './errors.ts'
import { openLogFile, syncDirectory } from './log-file.ts'

/**
 * The id of this node: 128 hex digits of a public key. The key is made at the first start and kept in the folder, for
 * its owner's eyes only; without a folder it is made anew.
 * @throws LedgerUnwritableError when the file cannot be read or made, or holds no key
 */
export async function openNodeId(folder: string | null): Promise<string> {
  if (folder === null) return idOf(createECDH('secp256k1'), undefined)
  const path = join(folder, 'node.key')
  try {
    const known = await readKey(path)
    const pair = createECDH('secp256k1')
    const id = idOf(pair, known)
    if (known === undefined) await writeKey(folder, path, pair.getPrivateKey())
    return id
  } catch (cause) {
    throw new LedgerUnwritableError(path, cause)
  }
}

function idOf(pair: ReturnType<typeof createECDH>, privateKey: Uint8Array | undefined): string {
  if (privateKey === undefined) pair.generateKeys()
  else pair.setPrivateKey(privateKey)
  return idFromPublicKey(pair.getPublicKey('hex', 'uncompressed'))
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    return decodeHex((await readFile(path, 'utf8')).trim()) ?? new Uint8Array()
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
