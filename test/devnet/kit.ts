import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/core/clock.ts'
import type { JsonObject, JsonValue } from '../../src/core/json.ts'
import { silentLog } from '../../src/core/log.ts'
import type { Devnet, DevnetOptions } from '../../src/devnet/devnet.ts'
import { openDevnet } from '../../src/devnet/devnet.ts'
import type { Answer, Layer } from '../../src/devnet/router.ts'
import type { Dialect } from '../../src/dialect/dialect.ts'
import type { Message } from '../../src/fiber/messages.ts'
import type { Signed, Signer } from '../../src/signing/signed.ts'

import { realClock, sign, workchain } from './fixtures.ts'

/** Time that stands until `tick` ends all sleeps. */
export function createManualClock(): { clock: Clock; tick(): void } {
  let sleepers: (() => void)[] = []
  return {
    clock: {
      nowMs: () => 0,
      monotonicMs: () => 0,
      sleep: (_, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) reject(signal.reason)
          sleepers.push(resolve)
          signal?.addEventListener('abort', () => reject(signal.reason))
        }),
    },
    tick() {
      const due = sleepers
      sleepers = []
      for (const wake of due) wake()
    },
  }
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'otto-devnet-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A devnet in memory that makes snapshots at once, unless told otherwise; closed after the test. */
export async function startDevnet(options: Partial<DevnetOptions> = {}): Promise<Devnet> {
  let ids = 0
  const devnet = await openDevnet({
    dialect: workchain,
    dataDir: null,
    snapshotMs: 0,
    latencyMs: 0,
    lagOrdinals: 0,
    extensions: true,
    clock: realClock,
    newId: () => `00000000-0000-4000-8000-${String(ids++).padStart(12, '0')}`,
    log: silentLog,
    ...options,
  })
  onTestFinished(() => devnet.close())
  return devnet
}

export const ask = (devnet: Devnet, layer: Layer, path: string, body?: JsonValue): Promise<Answer> =>
  devnet.request({
    layer,
    method: body === undefined ? 'GET' : 'POST',
    path,
    ...(body !== undefined && { body }),
    signal: new AbortController().signal,
  })

export const post = (devnet: Devnet, envelope: Signed<JsonObject> | JsonValue): Promise<Answer> =>
  ask(devnet, 'l1', '/data', envelope as unknown as JsonValue)

/** What a read gives as soon as it satisfies; looked at after every snapshot. The test's time-out bounds it. */
export async function until<T>(devnet: Devnet, read: () => Promise<T>, enough: (seen: T) => boolean): Promise<T> {
  for (;;) {
    const { promise, resolve } = Promise.withResolvers<void>()
    const stop = devnet.onSnapshot(() => resolve())
    const seen = await read()
    if (enough(seen)) {
      stop()
      return seen
    }
    await promise
    stop()
  }
}

/** Posts a message and waits until L0 shows the ordinal that holds it, or its refusal. */
export async function commit(devnet: Devnet, dialect: Dialect, message: Message, signers?: readonly Signer[]) {
  const { hash, envelope } = await sign(dialect, message, signers)
  const before = await readOrdinal(devnet)
  const answer = await post(devnet, envelope)
  if (answer.status !== 200) throw new Error(`refused: ${JSON.stringify(answer.json)}`)
  const settled = async () => ((await readOrdinal(devnet)) > before ? true : (await readErrors(devnet, hash)) !== null)
  await until(devnet, settled, (done) => done)
  return { hash, envelope }
}

export async function readOrdinal(devnet: Devnet): Promise<number> {
  const { json } = await ask(devnet, 'l0', '/snapshots/latest/ordinal')
  return (json as { value: number }).value
}

export async function readErrors(devnet: Devnet, hash: string): Promise<JsonValue | undefined> {
  return (await ask(devnet, 'l0', `/transactions/${hash}/errors`)).json
}

export async function readMachine(devnet: Devnet, dialect: Dialect, id: string) {
  const { json } = await ask(devnet, 'l0', `${dialect.prefix}/state-machines/${id}`)
  return dialect.readMachine(json ?? null)
}
