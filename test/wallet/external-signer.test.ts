import { randomBytes } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { inspect } from 'node:util'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { decodeHex, encodeHex } from '../../src/core/hex.ts'
import { decodeDer, encodeDer } from '../../src/signing/der.ts'
import type { Signer } from '../../src/signing/signed.ts'
import { createSigner } from '../../src/signing/signer.ts'
import { createVerifier } from '../../src/signing/verify.ts'
import { openExternalWallets } from '../../src/wallet/external-signer.ts'
import type { Wallets } from '../../src/wallet/wallet.ts'
import { answerJson, closedAddress, failures, openLoopbackNode } from '../chain/loopback-node.ts'

const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const digest = 'c0'.repeat(32)
const token = 'a-token-for-the-signer-0123456789abcdef'
const newSigner = (): Signer => createSigner(randomBytes(32))
const [playerX, playerO, stranger] = [newSigner(), newSigner(), newSigner()]
const accountOf = ({ id, address }: Signer) => ({ id, address })
const accounts = { playerX: accountOf(playerX), playerO: accountOf(playerO) }

/** Short, so that a signer that hangs is known to hang soon. */
const timeoutMs = 1_200 // a machine with much to do takes its time to connect

/** A signer that says of its wallets what it is told to, and answers each digest as it is told to. */
async function open(
  sign: RequestListener,
  { wallets = answerJson(accounts), path = '' }: { wallets?: RequestListener; path?: string } = {},
): Promise<{ opened: Promise<Wallets>; received: Awaited<ReturnType<typeof openLoopbackNode>>['received'] }> {
  const node = await openLoopbackNode((request, response) =>
    (request.url === `${path}/wallets` ? wallets : sign)(request, response),
  )
  onTestFinished(() => node[Symbol.asyncDispose]())
  const opened = openExternalWallets({ url: node.url + path, token, timeoutMs })
  opened.then(
    (wallets) => onTestFinished(() => wallets.close()),
    () => undefined,
  )
  return { opened, received: node.received }
}

const never: RequestListener = () => expect.unreachable('nothing may be signed')

let good: string
beforeEach(async () => {
  good = await playerX.sign(digest)
})

/** The other of the two signatures that a curve allows. */
function withHighS(signature: string): string {
  const { r, s } = decodeDer(decodeHex(signature) ?? new Uint8Array()) ?? { r: 0n, s: 0n }
  return encodeHex(encodeDer({ r, s: order - s }))
}

describe('a signer that keeps to the protocol', () => {
  test('is asked for digests alone, with the token, and its signatures hold', async () => {
    const { opened, received } = await open((_, response) => answerJson({ signature: good })(_, response), {
      path: '/vault',
    })
    const wallets = await opened
    expect(accountOf(wallets.playerX)).toEqual(accounts.playerX)
    expect(accountOf(wallets.playerO)).toEqual(accounts.playerO)
    expect(await wallets.playerX.sign(digest)).toBe(good)
    expect(received.map(({ method, path, body }) => [method, path, body])).toEqual([
      ['GET', '/vault/wallets', ''],
      ['POST', '/vault/sign', JSON.stringify({ wallet: 'playerX', digest })],
    ])
  })

  test('may say more than is asked for', async () => {
    const more = { ...accounts, playerX: { ...accounts.playerX, label: 'x' }, version: 2 }
    const { opened } = await open(never, { wallets: answerJson(more) })
    expect((await opened).playerX.address).toBe(playerX.address)
  })

  test('says whether it still answers, with the keys it had', async () => {
    let now: object = accounts
    const { opened } = await open(never, { wallets: (...exchange) => answerJson(now)(...exchange) })
    const { ping } = await opened
    await expect(ping?.()).resolves.toBeUndefined()
    now = { ...accounts, playerO: accountOf(stranger) }
    await expect(ping?.()).rejects.toMatchObject({ details: { reason: 'other_keys' } })
    now = {}
    await expect(ping?.()).rejects.toMatchObject({ details: { reason: 'answer' } })
  })

  test('prints as its address, without the token', async () => {
    const { opened } = await open(never)
    const wallets = await opened
    expect([`${wallets.playerX}`, JSON.stringify(wallets.playerO), inspect(wallets.playerX)]).toEqual([
      playerX.address,
      JSON.stringify(playerO.address),
      playerX.address,
    ])
    expect(inspect(wallets, { depth: null, showHidden: true, customInspect: false })).not.toContain(token)
  })

  test('signs nothing more once the wallets are closed', async () => {
    const { opened } = await open(answerJson({ signature: good }))
    const wallets = await opened
    wallets.close()
    await expect(wallets.playerX.sign(digest)).rejects.toMatchObject({ code: 'WALLET_ERROR' })
  })
})

describe('a start fails in one line that names OTTO_SIGNER_URL, when the signer', () => {
  const high = { ...accounts.playerX, id: accounts.playerX.id.toUpperCase() }
  const offCurve = '1'.repeat(128)
  const cases: Record<string, RequestListener> = {
    ...failures,
    'answers with more than 64 KiB': answerJson({ ...accounts, padding: 'x'.repeat(70_000) }),
    redirects: (_, response) => void response.writeHead(307, { location: '/elsewhere' }).end(),
    'refuses the token': answerJson({ error: 'no' }, 401),
    'answers what is no JSON': (_, response) => void response.end('{'),
    'names a member twice': (_, response) =>
      void response.end(`{"playerX":${JSON.stringify(accounts.playerX)},${JSON.stringify(accounts).slice(1)}`),
    'has one player only': answerJson({ playerX: accounts.playerX }),
    'has one key for both': answerJson({ playerX: accounts.playerX, playerO: accounts.playerX }),
    'gives an address of another key': answerJson({
      ...accounts,
      playerX: { ...accounts.playerX, address: stranger.address },
    }),
    'gives an id in capitals': answerJson({ ...accounts, playerX: high }),
    'gives an id off the curve': answerJson({ ...accounts, playerX: { id: offCurve, address: 'DAG' } }),
  }
  test.each(Object.entries(cases))('%s', async (_, wallets) => {
    const { opened } = await open(never, { wallets })
    const error: Error = await opened.then(
      () => expect.unreachable('it opened'),
      (reason) => reason,
    )
    expect(error).toMatchObject({ code: 'WALLET_START', kind: 'invalid' })
    expect(error.message).toMatch(/^OTTO_SIGNER_URL: .+\.$/)
    expect(inspect(error, { depth: null })).not.toContain(token)
  })

  test('is not there', async () => {
    await expect(openExternalWallets({ url: await closedAddress(), token, timeoutMs })).rejects.toMatchObject({
      code: 'WALLET_START',
      details: { reason: 'unreachable' },
    })
  })
})

describe('no signature is used, and the deadline holds, when the signer', () => {
  const refusing = { code: 'WALLET_ERROR', details: { reason: 'signing_failed' } }
  const cases: Record<string, () => RequestListener | Promise<RequestListener>> = {
    ...Object.fromEntries(Object.entries(failures).map(([name, listener]) => [name, () => listener])),
    'signs another digest': async () => answerJson({ signature: await playerX.sign('ab'.repeat(32)) }),
    'signs with the key of the other player': async () => answerJson({ signature: await playerO.sign(digest) }),
    'signs with a key of nobody': async () => answerJson({ signature: await stranger.sign(digest) }),
    'gives a high s': () => answerJson({ signature: withHighS(good) }),
    'gives DER with something behind it': () => answerJson({ signature: `${good}00` }),
    'gives capitals': () => answerJson({ signature: good.toUpperCase() }),
    'gives an empty signature': () => answerJson({ signature: '' }),
    'gives a number': () => answerJson({ signature: 7 }),
    'gives none': () => answerJson({}),
    'answers with more than 64 KiB': () => answerJson({ signature: good, padding: 'x'.repeat(70_000) }),
    'redirects to the right answer': () => (_, response) => {
      response.writeHead(308, { location: '/wallets' }).end(JSON.stringify({ signature: good }))
    },
    'gives the right answer with another status': () => answerJson({ signature: good }, 201),
    'drips its answer': () => (_, response) => {
      response.writeHead(200, { 'content-length': '10000' })
      const drip = setInterval(() => response.write(' '), 50)
      response.once('close', () => clearInterval(drip))
    },
  }
  test.each(Object.entries(cases))('%s', async (_, listener) => {
    const { opened, received } = await open(await listener())
    const wallets = await opened
    const startMs = performance.now()
    await expect(wallets.playerX.sign(digest)).rejects.toMatchObject(refusing)
    expect(performance.now() - startMs).toBeLessThan(5_000)
    expect(received).toHaveLength(2) // asked once, whatever came
  })

  test('the high s that is refused is one that a ledger would take', async () => {
    const proof = { id: playerX.id, signature: withHighS(good) }
    expect(await createVerifier({ maxKeys: 1 }).verifyProof(digest, proof)).toBe(true)
  })
})
