import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { createSigner } from '../../src/signing/signer.ts'
import { writeKeystore } from '../../src/wallet/p12-write.ts'
import { temporaryFolder } from './_temporary.ts'

const child = fileURLToPath(new URL('_heap-child.ts', import.meta.url))

/** Everything that a key looks like as text. Case is looked away from, so each is written in one. */
function textsOf(key: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(key)
  const hex = bytes.toString('hex')
  return {
    hex,
    base64: bytes.toString('base64').replace(/=+$/, ''),
    base64url: bytes.toString('base64url'),
    decimal: BigInt(`0x${hex}`).toString(),
    'bytes as a list': [...bytes].join(),
    'bytes as text': bytes.toString('latin1'),
  }
}

test('a heap snapshot after 1,000 signatures holds no key and no password as text', { timeout: 120_000 }, async () => {
  const dir = await temporaryFolder()
  const password = randomBytes(24).toString('base64url')
  const control = randomBytes(32)
  const keys = [randomBytes(32), randomBytes(32)]
  await writeFile(join(dir, 'password'), `${password}\n`, { mode: 0o600 })
  for (const [index, alias] of ['playerX', 'playerO'].entries()) {
    const privateKey = keys[index] ?? new Uint8Array()
    const bytes = writeKeystore({ privateKey, alias, password, randomBytes, nowMs: Date.now() })
    await writeFile(join(dir, `${alias}.p12`), bytes, { mode: 0o600 })
  }
  const file = join(dir, 'heap.heapsnapshot')
  // Longer texts are cut in a snapshot; a key at the end of one would not be seen.
  const options = ['--heap-snapshot-string-limit=100000000', child, dir, file, control.toString('base64url')]
  const { stdout } = await promisify(execFile)(process.execPath, options, { timeout: 100_000 })
  expect(stdout).toBe(`3 ${keys.map((key) => createSigner(key).address).join(' ')}\n`)

  expect((await stat(file)).size).toBeGreaterThan(1_000_000)
  const { strings }: { strings: readonly string[] } = JSON.parse(await readFile(file, 'utf8'))
  const all = strings.join('\n').toLowerCase()
  // A text that was put together may stand in a heap as its two parts: one of them then holds half of it.
  const finds = (text: string): boolean => {
    const middle = text.length / 2
    return [text.slice(0, middle), text.slice(middle)].some((half) => all.includes(half.toLowerCase()))
  }
  const { hex, base64, base64url, decimal } = textsOf(control)
  const known = { address: createSigner(keys[0] ?? control).address, hex, base64, base64url, decimal }
  // It is the heap of that process, and a key that is kept as text is found in it.
  for (const [form, text = ''] of Object.entries(known)) expect([form, finds(text)]).toEqual([form, true])
  for (const key of keys)
    for (const [form, text] of Object.entries(textsOf(key))) expect([form, finds(text)]).toEqual([form, false])
  expect(finds(password)).toBe(false)
})
