import { readdir } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import { closedAddress, failures, openLoopbackNode } from '../chain/loopback-node.ts'
import { temporaryFolder } from '../cli/_folder.ts'
import { startSigner } from '../cli/_signer.ts'
import { winningMoves } from '../games.ts'
import { runOtto, settingsIn } from './_process.ts'
import { startedGame, startService } from './_service.ts'

const token = 'a-token-for-the-signer-0123456789abcdef'
const refusal = {
  success: false,
  code: 'WALLET_ERROR',
  outcome: 'not_submitted',
  retryable: false,
  details: { reason: 'signing_failed' },
}

/** The whole service, whose wallets are at an address. */
async function serviceWith(url: string) {
  const dir = await temporaryFolder()
  const service = await startService({ OTTO_SIGNING: 'external', OTTO_SIGNER_URL: url, OTTO_SIGNER_TOKEN: token }, dir)
  onTestFinished(() => service.close())
  return service
}

test('a service without keys plays; the signer may die in the middle and come back', { timeout: 60_000 }, async () => {
  const keys = await temporaryFolder()
  const env = { OTTO_SIGNER_TOKEN: token }
  const signer = await startSigner(keys, env)
  const service = await serviceWith(signer.url)
  expect(await service.get('/wallets')).toMatchObject({
    body: { playerX: { address: signer.addresses.playerX }, playerO: { address: signer.addresses.playerO } },
  })
  const { gameId } = await startedGame(service, winningMoves.slice(0, 3))

  await signer.stop('SIGKILL')
  const [next, ...rest] = winningMoves.slice(3).map(([player, cell]) => ({ gameId, player, cell }))
  expect(await service.call('ttt_make_move', next)).toMatchObject({ status: 500, body: refusal })
  expect(await service.call('ttt_create_game')).toMatchObject({ body: refusal })
  expect(await service.result('ttt_get_state', { gameId })).toMatchObject({ moveCount: 3, machineState: 'playing' })

  expect(await service.get('/health')).toMatchObject({ body: { components: { wallets: { status: 'unhealthy' } } } })

  const again = await startSigner(keys, env, ['--port', new URL(signer.url).port])
  await service.result('ttt_make_move', next)
  for (const move of rest) await service.result('ttt_make_move', move)
  const ended = await service.result('ttt_get_state', { gameId })
  expect(ended).toMatchObject({ machineState: 'finished', winner: 'X', moveCount: 5 })

  // What the signer signed is what the ledger shows, under the same names.
  const digests = [...signer.lines, ...again.lines].flatMap((line) => JSON.parse(line).digest ?? [])
  expect(digests).toEqual(expect.arrayContaining(ended.moveHistory.map(({ hash }) => hash)))
  expect(await readdir(service.dir)).not.toContain('wallets')
  expect(service.logs.join('')).not.toContain(token)
})

test('a signer that lies has nothing sent, and the game goes on when it stops', { timeout: 90_000 }, async () => {
  const signer = await startSigner(await temporaryFolder(), { OTTO_SIGNER_TOKEN: token })
  const ask = async (path: string, body?: string): Promise<string> => {
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
    const answer = await request(signer.url + path, body ? { method: 'POST', headers, body } : { headers })
    return answer.body.text()
  }
  let asked = ''
  /** Undefined: it passes on what the true signer says. */
  let lie: RequestListener | undefined
  const between = await openLoopbackNode(async (message, response) => {
    if (message.url === '/wallets') return void response.end(await ask('/wallets'))
    if (lie !== undefined) return void lie(message, response)
    asked = between.received.at(-1)?.body ?? ''
    response.end(await ask('/sign', asked))
  })
  onTestFinished(() => between[Symbol.asyncDispose]())
  const service = await serviceWith(between.url)
  const { gameId, hash } = await startedGame(service, winningMoves.slice(0, 1))
  const move = { gameId, player: 'O', cell: 4 }
  const old = JSON.parse(await ask('/sign', asked)) // a true signature, over the last message
  const lies: Record<string, RequestListener> = {
    'an old signature': (_, response) => void response.end(JSON.stringify(old)),
    'a redirect to the true signer': (_, response) =>
      void response.writeHead(307, { location: `${signer.url}/sign` }).end(),
    'an endless answer': (_, response) => void response.end(JSON.stringify({ ...old, more: 'x'.repeat(200_000) })),
    silence: failures['headers that never come'] ?? (() => undefined),
    'a reset': failures['a reset before the headers'] ?? (() => undefined),
  }
  for (const [name, listener] of Object.entries(lies)) {
    lie = listener
    const startMs = performance.now()
    expect({ name, ...(await service.call('ttt_make_move', move)) }).toMatchObject({ name, body: refusal })
    expect(performance.now() - startMs).toBeLessThan(15_000)
    expect(await service.result('ttt_get_state', { gameId })).toMatchObject({ moveCount: 1 })
  }
  lie = undefined
  const played = await service.result('ttt_make_move', move)
  expect(played.moveCount).toBe(2)
  expect(played.hash).not.toBe(hash)
})

test('otto serve ends with 78 and names the setting when nobody answers; doctor says it too', async () => {
  const dir = await temporaryFolder()
  const env = { ...settingsIn(dir), OTTO_SIGNING: 'external', OTTO_SIGNER_URL: await closedAddress() }
  const { code, out, err } = await runOtto(['serve'], env)
  expect([code, out]).toEqual([78, ''])
  expect(err).toMatch(/^otto: OTTO_SIGNER_URL: .+\n$/)
  expect(await readdir(dir)).not.toContain('wallets')
  const doctor = await runOtto(['doctor'], env)
  expect(doctor.code).toBe(1)
  expect(doctor.out).toMatch(/^fail\s+wallets\s+OTTO_SIGNER_URL: /m)
})

test('otto doctor names the accounts of the signer, and nothing is signed', async () => {
  const dir = await temporaryFolder()
  const signer = await startSigner(join(dir, 'elsewhere'))
  const env = { ...settingsIn(dir), OTTO_SIGNING: 'external', OTTO_SIGNER_URL: signer.url }
  const { out } = await runOtto(['doctor'], env)
  for (const address of Object.values(signer.addresses)) expect(out).toContain(address)
  expect(signer.lines).toHaveLength(1)
})
