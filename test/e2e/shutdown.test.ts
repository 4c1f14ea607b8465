import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import type { Mortal } from '../fire/processes.ts'
import { startBridge, startLedger } from '../fire/processes.ts'
import { startScripted } from '../scripted/_scripted.ts'
import type { Answer } from './_service.ts'
import { client, startedGame } from './_service.ts'

/** A ledger and a bridge on it, both gone when the test is. */
async function startPair(env: Record<string, string> = {}, snapshotMs = 300) {
  const dir = await mkdtemp(join(tmpdir(), 'otto-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  const ledger = await startLedger(dir, snapshotMs)
  onTestFinished(async () => void (await ledger.kill('SIGKILL')))
  const bridge = await startBridge(dir, 'bridge', ledger, env)
  onTestFinished(async () => void (await bridge.kill('SIGKILL')))
  return { ledger, bridge }
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** Sends one tool call. @returns the status, the answer and `Retry-After`; rejects when the connection breaks */
async function post(url: string, tool: string, args: object, headers: Record<string, string> = {}) {
  const answer = await request(`${url}/otto/tool`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ tool, args }),
    dispatcher: agent,
  })
  const body = (await answer.body.json()) as Answer['body'] // our own service
  return { status: answer.statusCode, body, retryAfter: answer.headers['retry-after'] }
}

/** The status of readiness; undefined where nobody listens any more. */
const readiness = ({ url }: Mortal) =>
  client(url)
    .get('/health/ready')
    .then(
      ({ status }) => status,
      () => undefined,
    )

const outcomes = ['rejected', 'not_submitted', 'unknown', 'pending']
const words = ({ body }: { readonly body: Answer['body'] }) => (body.success ? 'applied' : body.outcome)

test('under the load of 64 callers each accepted request is answered, and the exit code is 0', {
  timeout: 90_000,
}, async () => {
  const { bridge } = await startPair()
  const games = await Promise.all(Array.from({ length: 16 }, () => startedGame(client(bridge.url))))
  // Four ask for the same game at once: one at a time is played, the others are refused by the rules.
  const asked = games.flatMap(({ gameId }) =>
    [0, 1, 2, 3].map((cell) => post(bridge.url, 'ttt_make_move', { gameId, player: 'X', cell })),
  )
  await sleep(200)
  const stopMs = performance.now()
  const ended = bridge.kill('SIGTERM')
  const answers = await Promise.all(asked)
  expect(await ended).toBe(0)
  expect(performance.now() - stopMs).toBeLessThan(25_000)
  for (const answer of answers) expect(['applied', ...outcomes]).toContain(words(answer))
  await bridge.revive()
  for (const [index, { gameId }] of games.entries()) {
    const { moveHistory } = await client(bridge.url).result('ttt_get_state', { gameId })
    const applied = answers
      .slice(index * 4, index * 4 + 4)
      .flatMap((answer, cell) => (answer.body.success ? [cell] : []))
    for (const cell of applied) expect(moveHistory).toContainEqual(expect.objectContaining({ player: 'X', cell }))
    expect(moveHistory.length).toBeLessThanOrEqual(1)
  }
})

test('with a ledger that hangs, what runs ends as far as it is known, and new writes are refused', {
  timeout: 120_000,
}, async () => {
  const { ledger, bridge } = await startPair({}, 2_000)
  const games = await Promise.all(Array.from({ length: 8 }, () => startedGame(client(bridge.url))))
  const move = (index: number, cell: number) =>
    post(bridge.url, 'ttt_make_move', { gameId: games[index]?.gameId, player: 'X', cell })
  const running = [0, 1, 2, 3].map((index) => move(index, 4)) // these reach the ledger
  await sleep(500)
  ledger.signal('SIGSTOP') // it takes connections and says nothing
  running.push(...[4, 5, 6, 7].map((index) => move(index, 4)))
  await sleep(500)
  const stopMs = performance.now()
  const ended = bridge.kill('SIGTERM')
  await expect.poll(() => readiness(bridge), { timeout: 5_000 }).toBe(503)
  const refused = await move(0, 5)
  expect(refused).toMatchObject({ status: 503, body: { code: 'SHUTTING_DOWN', outcome: 'not_submitted' } })
  expect(Number(refused.retryAfter)).toBeGreaterThan(0)
  const answers = await Promise.all(running)
  expect(await ended).toBe(0)
  expect(performance.now() - stopMs).toBeLessThan(25_000)

  ledger.signal('SIGCONT')
  await bridge.revive()
  for (const [index, answer] of answers.entries()) {
    const { gameId } = games[index] ?? {}
    if (words(answer) === 'not_submitted')
      expect(await client(bridge.url).result('ttt_get_state', { gameId })).toMatchObject({ moveCount: 0 })
    await expect.poll(async () => standsOrPlayed(await move(index, 4)), slowly).toBe(true)
    expect(await client(bridge.url).result('ttt_get_state', { gameId })).toMatchObject({ moveCount: 1 })
  }
  const known = answers.map(words)
  expect(known.slice(0, 4).filter((word) => word === 'pending' || word === 'unknown')).not.toEqual([])
  expect(known.slice(4)).toEqual(Array(4).fill('not_submitted'))
})

const slowly = { timeout: 30_000, interval: 200 }
const standsOrPlayed = ({ body }: { readonly body: Answer['body'] }) =>
  body.success || body.details['reason'] === 'already_applied'

test('a write whose caller has its answer already is not lost', { timeout: 60_000 }, async () => {
  const { bridge } = await startPair({}, 1_000)
  const { gameId } = await startedGame(client(bridge.url))
  const move = { gameId, player: 'X', cell: 8 }
  const pending = await post(bridge.url, 'ttt_make_move', move, { prefer: 'respond-async' })
  expect(pending).toMatchObject({ status: 202, body: { outcome: 'pending' } })
  expect(await bridge.kill('SIGTERM')).toBe(0)
  await bridge.revive()
  const shown = () => client(bridge.url).result('ttt_get_state', { gameId })
  await expect.poll(shown, slowly).toMatchObject({ moveCount: 1 })
  expect((await shown()).moveHistory).toMatchObject([{ player: 'X', cell: 8 }])
})

test('a second signal ends it at once', { timeout: 60_000 }, async () => {
  const { ledger, bridge } = await startPair()
  const { gameId } = await startedGame(client(bridge.url))
  ledger.signal('SIGSTOP')
  const running = post(bridge.url, 'ttt_make_move', { gameId, player: 'X', cell: 0 }).catch(() => 'cut')
  await sleep(300)
  const ended = bridge.kill('SIGTERM')
  await expect.poll(() => readiness(bridge), { timeout: 5_000 }).toBe(503)
  bridge.signal('SIGTERM')
  expect(await ended).toBe(130)
  expect(await running).toBe('cut')
})

test('a chat that is being told gets its last line', { timeout: 60_000 }, async () => {
  const model = await startScripted({ misbehave: 'slow' })
  onTestFinished(() => model.close())
  const { bridge } = await startPair({ OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' })
  const answer = await request(`${bridge.url}/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ messages: [{ role: 'user', content: 'Play a game with yourself.' }], stream: true }),
    dispatcher: agent,
  })
  const text = answer.body.text()
  await model.next()
  expect(await bridge.kill('SIGTERM')).toBe(0)
  const last = (await text).trim().split('\n').at(-1) ?? ''
  expect(JSON.parse(last)).toMatchObject({ done: true })
})
