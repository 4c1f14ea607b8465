import { request } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import { listenHttp } from '../../src/devnet/http.ts'
import { genesisOf } from '../../src/devnet/ledger.ts'
import { createPublished } from '../../src/devnet/published.ts'
import { createRouter } from '../../src/devnet/router.ts'
import { snapshotRoutes } from '../../src/devnet/routes-snapshots.ts'
import vectors from '../vectors/http.json' with { type: 'json' }
import { alice, createCounter, sign, workchain } from './fixtures.ts'
import { ask, createManualClock, post, readErrors, readOrdinal, startDevnet, until } from './kit.ts'

type Case = {
  readonly name: string
  readonly layer: string
  readonly method: string
  readonly path: string
  readonly headers?: Record<string, string>
  readonly body?: JsonValue
  readonly rawBody?: string
  readonly status: number
  readonly json?: JsonValue
  readonly jsonContains?: JsonObject
  readonly text?: string
}

const cases = vectors.cases as readonly unknown[] as readonly Case[]
const bodyOf = (name: string): JsonValue => cases.find((other) => other.name === name)?.body ?? null
const creation = bodyOf('post-data-two-proofs')
const event = bodyOf('post-data-bare')

/** A devnet on which snapshots are made when the test says so. */
async function pausedDevnet(extensions: boolean) {
  const { clock, tick } = createManualClock()
  const devnet = await startDevnet({ clock, snapshotMs: 5_000, extensions })
  const include = async (body: JsonValue) => {
    const before = await readOrdinal(devnet)
    expect((await post(devnet, body)).status).toBe(200)
    tick()
    await until(
      devnet,
      () => readOrdinal(devnet),
      (ordinal) => ordinal > before,
    )
  }
  return { devnet, tick, include }
}

type Paused = Awaited<ReturnType<typeof pausedDevnet>>

const withMachine = ({ include }: Paused) => include(creation)

/** What each case is `given`, made by posting; a case that is not here begins on an empty ledger. */
const given: Record<string, (paused: Paused) => Promise<unknown>> = {
  'post-data-bare': withMachine,
  'post-data-wrapped-null-fee': withMachine,
  'post-data-wrapped-no-fee': withMachine,
  'post-data-no-content-type': withMachine,
  'post-data-extra-wrapper-member-ignored': withMachine,
  'post-data-tampered': withMachine,
  'estimate-fee': withMachine,
  'post-data-duplicate-cid': ({ include }) => include(bodyOf('post-data-duplicate-cid')),
  'get-data-one-pending': async (paused) => {
    await withMachine(paused)
    await post(paused.devnet, event)
  },
  'tx-errors-rejected': async (paused) => {
    await withMachine(paused)
    const { json } = await post(paused.devnet, event) // the machine is in setup: nothing leaves it on make_move
    const { hash } = json as { hash: string }
    paused.tick()
    await until(
      paused.devnet,
      () => readErrors(paused.devnet, hash),
      (errors) => errors !== null,
    )
  },
  'latest-ordinal': async ({ include }) => {
    for (let number = 1; number <= 7; number++) {
      const { envelope } = await sign(workchain, createCounter(number, workchain))
      await include(envelope as unknown as JsonValue)
    }
  },
}

const prepare = async ({ name }: Case): Promise<Devnet> => {
  const paused = await pausedDevnet(name !== 'seed-calculated-state-route')
  await given[name]?.(paused)
  return paused.devnet
}

const exactly = (wanted: Case, answer: { status: number; json: JsonValue | undefined; text: string | undefined }) => {
  expect(answer.status).toBe(wanted.status)
  if (wanted.json !== undefined) expect(answer.json).toStrictEqual(wanted.json)
  if (wanted.jsonContains !== undefined) expect(answer.json).toMatchObject(wanted.jsonContains)
  if (wanted.text !== undefined) expect(answer.text).toBe(wanted.text)
}

async function askOverHttp(port: number, { method, path, body, rawBody, headers }: Case) {
  const sent = rawBody ?? (body === undefined ? null : JSON.stringify(body))
  const answer = await request(`http://127.0.0.1:${port}${path}`, {
    method: method as 'GET' | 'POST',
    headers: headers ?? { 'content-type': 'application/json' },
    body: sent,
  })
  const text = await answer.body.text()
  const isJson = answer.headers['content-type'] === 'application/json'
  const json = isJson ? (JSON.parse(text) as JsonValue) : undefined
  return { status: answer.statusCode, json, text: isJson ? undefined : text, headers: answer.headers }
}

// A devnet that listens is ready: this one case has a node of its own below.
const ready = cases.filter(({ name }) => name !== 'latest-ordinal-not-ready')
const notReady = cases.filter((other) => !ready.includes(other))

test.each(ready)('over HTTP: $name', async (wanted) => {
  const devnet = await prepare(wanted)
  const { l1Port, l0Port } = await devnet.listen({ host: '127.0.0.1', l1Port: 0, l0Port: 0 })
  const answer = await askOverHttp(wanted.layer === 'dl1' ? l1Port : l0Port, wanted)
  exactly(wanted, answer)
  expect(answer.headers['x-id']).toMatch(/^[0-9a-f]{128}$/)
  expect(answer.headers['access-control-allow-origin']).toBe('*')
})

test.each(ready.filter(({ rawBody }) => rawBody === undefined))('in process: $name', async (wanted) => {
  const devnet = await prepare(wanted)
  exactly(wanted, await ask(devnet, wanted.layer === 'dl1' ? 'l1' : 'l0', wanted.path, wanted.body))
})

test.each(notReady)('over HTTP: $name', async (wanted) => {
  const published = createPublished({ image: genesisOf('any'), lagOrdinals: 0 })
  const router = createRouter(
    snapshotRoutes({ dialect: workchain, published, node: { state: 'Leaving', signer: alice } }),
  )
  const id = 'ab'.repeat(64)
  const layer = await listenHttp({ host: '127.0.0.1', port: 0, router, id, delay: async () => {}, log: silentLog })
  onTestFinished(() => layer.close())
  exactly(wanted, await askOverHttp(layer.port, wanted))
})

test.each(notReady)('in process: $name', async (wanted) => {
  const devnet = await startDevnet()
  await devnet.close()
  exactly(wanted, await ask(devnet, 'l0', wanted.path))
})
