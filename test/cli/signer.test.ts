import { readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { request } from 'undici'
import { describe, expect, test } from 'vitest'
import { addressFromId } from '../../src/signing/address.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { openExternalWallets } from '../../src/wallet/external-signer.ts'
import { readKeystoreKey } from '../../src/wallet/p12-read.ts'
import { runOtto } from '../e2e/_process.ts'
import { temporaryFolder } from './_folder.ts'
import { runHere } from './_in-process.ts'
import { startSigner } from './_signer.ts'

const digest = '5e'.repeat(32)
const token = 'a-token-for-the-signer-0123456789abcdef'
const verifier = createVerifier({ maxKeys: 2 })

const json = { 'content-type': 'application/json' }
const post = async (url: string, body: string, headers: Record<string, string> = {}) => {
  const answer = await request(`${url}/sign`, { method: 'POST', headers: { ...json, ...headers }, body })
  return { status: answer.statusCode, text: await answer.body.text() }
}
const question = (change: object = {}) => JSON.stringify({ wallet: 'playerO', digest, ...change })

describe('otto signer', { timeout: 60_000 }, () => {
  test('tells its accounts, signs digests, logs each, gives no key, and ends with 0', async () => {
    const dir = await temporaryFolder()
    const signer = await startSigner(dir)
    const { body } = await request(`${signer.url}/wallets`)
    const accounts = (await body.json()) as Record<'playerX' | 'playerO', { id: string; address: string }>
    for (const player of ['playerX', 'playerO'] as const) {
      expect(accounts[player]).toEqual({ id: expect.any(String), address: signer.addresses[player] })
      expect(addressFromId(accounts[player].id)).toBe(accounts[player].address)
    }
    const { status, text } = await post(signer.url, question())
    expect(status).toBe(200)
    const { signature } = JSON.parse(text)
    expect(await verifier.verifyProof(digest, { id: accounts.playerO.id, signature })).toBe(true)
    await expect.poll(() => signer.lines.length).toBe(2)
    expect(JSON.parse(signer.lines[1] ?? '')).toMatchObject({ msg: 'signed', wallet: 'playerO', digest })

    const password = (await readFile(join(dir, 'keys', 'password'), 'utf8')).trim()
    const { privateKey } = readKeystoreKey(await readFile(join(dir, 'keys', 'playerO.p12')), { password })
    const said = signer.lines.join('\n') + text
    for (const secret of [password, Buffer.from(privateKey).toString('hex')]) expect(said).not.toContain(secret)
    expect(await signer.stop()).toBe(0)
  })

  test('opens no debugger when it is told to', async () => {
    const { child, url, errors } = await startSigner(await temporaryFolder())
    child.kill('SIGUSR1')
    expect((await post(url, question())).status).toBe(200)
    expect((await post(url, question())).status).toBe(200) // the signal came before
    expect(errors()).toBe('')
  })

  test('is what the service takes for wallets', async () => {
    const signer = await startSigner(await temporaryFolder(), { OTTO_SIGNER_TOKEN: token })
    const wallets = await openExternalWallets({ url: signer.url, token })
    const signature = await wallets.playerX.sign(digest)
    expect(await verifier.verifyProof(digest, { id: wallets.playerX.id, signature })).toBe(true)
    wallets.close()
    await expect(openExternalWallets({ url: signer.url, token: undefined })).rejects.toMatchObject({
      code: 'WALLET_START',
    })
    await expect(openExternalWallets({ url: signer.url, token: `${token}x` })).rejects.toMatchObject({
      details: { reason: 'status' },
    })
  })

  test('reads its token from a file, too', async () => {
    const dir = await temporaryFolder()
    const file = join(dir, 'token')
    await writeFile(file, `${token}\n`, { mode: 0o600 })
    const signer = await startSigner(dir, { OTTO_SIGNER_TOKEN_FILE: file })
    expect((await post(signer.url, question())).status).toBe(401)
    expect((await post(signer.url, question(), { authorization: `Bearer ${token}` })).status).toBe(200)
  })
})

test('refuses everything but its two questions, and signs on', { timeout: 30_000 }, async () => {
  const signer = await startSigner(await temporaryFolder(), { OTTO_SIGNER_TOKEN: token })
  const known = { authorization: `Bearer ${token}` }
  const bodies: Record<string, string> = {
    'another wallet': question({ wallet: 'playerZ' }),
    'a name that every object has': question({ wallet: 'constructor' }),
    'a short digest': question({ digest: 'ab' }),
    capitals: question({ digest: 'AB'.repeat(32) }),
    'a text to hash': question({ text: 'hello' }),
    'no digest': '{"wallet":"playerX"}',
    'a list': '[]',
    'half a body': '{"wallet":',
    'one member twice': `{"wallet":"playerX",${question().slice(1)}`,
  }
  for (const [name, body] of Object.entries(bodies))
    expect({ name, ...(await post(signer.url, body, known)) }).toMatchObject({ name, status: 400 })
  expect(await post(signer.url, question({ more: 'x'.repeat(5_000) }), known)).toMatchObject({ status: 413 })
  expect(await post(signer.url, question(), { ...known, 'content-type': 'text/plain' })).toMatchObject({ status: 415 })
  expect(await post(signer.url, question())).toMatchObject({ status: 401 })
  expect(await post(signer.url, question(), { authorization: `Bearer ${token.slice(1)}` })).toMatchObject({
    status: 401,
  })
  expect(await post(signer.url, question(), { authorization: `Basic ${token}` })).toMatchObject({ status: 401 })
  expect(await post(signer.url, question(), { ...known, origin: signer.url })).toMatchObject({ status: 403 })
  expect(await post(signer.url, question(), { ...known, host: 'signer.example' })).toMatchObject({ status: 403 })
  for (const [method, path, status] of [
    ['GET', '/', 404],
    ['GET', '/keys', 404],
    ['GET', '/wallets/playerX', 404],
    ['POST', '/wallets', 405],
    ['GET', '/sign', 405],
    ['OPTIONS', '/sign', 405],
  ] as const) {
    const { statusCode, body } = await request(signer.url + path, { method, headers: known })
    await body.dump()
    expect([method, path, statusCode]).toEqual([method, path, status])
  }
  expect(await raw(signer.url, 'POST /sign HTTP/1.1\r\nHost: localhost\r\nHost: a\r\n\r\n')).toMatch(
    /^HTTP\/1\.1 40[03]/,
  )
  expect(await raw(signer.url, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/)
  expect(await post(signer.url, question(), known)).toMatchObject({ status: 200 })
  const signed = () => signer.lines.filter((line) => line.includes('"signed"'))
  await expect.poll(signed).toHaveLength(1) // the line may arrive after the answer: two sockets
})

/** What a socket answers to bytes. */
async function raw(url: string, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  socket.write(bytes)
  return await text(socket)
}

describe('does not start', { timeout: 60_000 }, () => {
  test.each<{ name: string; args?: string[]; env?: Record<string, string>; says: string }>([
    { name: 'beyond loopback without a token', args: ['--host', '0.0.0.0'], says: '--host must be a loopback address' },
    {
      name: 'in production without the word',
      env: { NODE_ENV: 'production' },
      says: 'OTTO_ALLOW_AUTOSIGN must be true',
    },
    { name: 'with a short token', env: { OTTO_SIGNER_TOKEN: 'short' }, says: 'OTTO_SIGNER_TOKEN must be 32' },
    { name: 'with a debugger', env: { NODE_OPTIONS: '--inspect=0' }, says: 'no debugger may be open' },
  ])('$name', async ({ args = [], env = {}, says }) => {
    const dir = join(await temporaryFolder(), 'keys')
    const { code, out, err } = await runOtto(['signer', '--port', '0', ...args], { OTTO_WALLET_DIR: dir, ...env })
    expect({ code, out }).toEqual({ code: 78, out: '' })
    expect(err).toContain(says)
    await expect(readFile(join(dir, 'playerX.p12'))).rejects.toThrow('ENOENT') // nothing was made
  })

  test('with a token file that others may read, or that holds none', async () => {
    const dir = await temporaryFolder()
    const file = join(dir, 'token')
    const env = { OTTO_WALLET_DIR: join(dir, 'keys'), OTTO_SIGNER_TOKEN_FILE: file }
    await writeFile(file, 'short\n', { mode: 0o600 })
    expect((await runOtto(['signer', '--port', '0'], env)).err).toContain('OTTO_SIGNER_TOKEN_FILE must hold 32 to 512')
    await writeFile(file, token)
    const open = join(dir, 'open')
    await writeFile(open, token, { mode: 0o644 })
    const { code, err } = await runOtto(['signer', '--port', '0'], { ...env, OTTO_SIGNER_TOKEN_FILE: open })
    expect([code, err]).toEqual([78, expect.stringContaining('must give no permission to group or others')])
  })

  test('where its port is taken', async () => {
    const dir = await temporaryFolder()
    const { url } = await startSigner(dir)
    const { code, err } = await runOtto(['signer', '--port', new URL(url).port], { OTTO_WALLET_DIR: join(dir, 'keys') })
    expect([code, err]).toEqual([78, expect.stringMatching(/^otto: Nothing can listen on .*\n$/)])
  })
})

test.each([
  { args: ['--port', 'many'], says: '--port must be a number' },
  { args: ['--key', 'x'], says: '--key' },
])('otto signer $args is wrong usage', async ({ args, says }) => {
  const { code, err } = await runHere(['signer', ...args])
  expect(code).toBe(2)
  expect(err).toContain(says)
})
