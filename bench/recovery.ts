import { setTimeout as sleep } from 'node:timers/promises'
import { serviceCore } from './child.ts'
import type { FaultyStage } from './faulty-stage.ts'
import { good, withFaultyStage } from './faulty-stage.ts'
import type { Figure } from './figure.ts'
import { atLeast, atMost, figure } from './figure.ts'
import { get, openConnection } from './processes/_connection.ts'
import type { Service } from './service.ts'
import { startOtto } from './service.ts'

const bench = 'recovery'
const moves = 1_000
/** Room for all that are stranded at once. */
const roomy = { OTTO_MAX_WRITES: '1000', OTTO_MAX_REQUESTS: '1000' }
/** Few enough that each is written down well before its caller is answered. */
const strandedAtOnce = 100
const patienceMs = 180_000

/** A service that dies with a thousand moves whose fate nobody knows, and what its successor makes of them. */
export function measureRecovery(): Promise<readonly Figure[]> {
  return withFaultyStage(async (stage) => {
    await strand(stage)
    const startMs = performance.now()
    const service = await startOtto({ cores: serviceCore, folder: stage.folder, env: stage.env })
    try {
      await until(async () => (await ask(service, '/health/ready')).status === 200, 10)
      const readyMs = performance.now() - startMs
      const open = await openIntents(service)
      await stage.behave(good)
      const goodMs = performance.now()
      await until(async () => (await openIntents(service)) === 0, 200)
      const seconds = (performance.now() - goodMs) / 1_000
      const { count } = await stage.load({ kind: 'audit', port: service.port })
      return [
        figure(
          { bench, what: `kill -9 with ${open} open intents: spawn to /health/ready, s`, bound: atMost(5) },
          { what: 'ready', value: readyMs / 1_000, unit: 's' },
          { what: 'a s', value: 1, unit: 's' },
        ),
        figure(
          {
            bench,
            what: 'of these, played exactly once when the ledger works again',
            bound: atLeast(1),
            note: `all settled after ${Math.round(seconds)} s`,
          },
          { what: 'once', value: count, unit: '' },
          { what: 'open', value: open, unit: '' },
        ),
      ]
    } finally {
      await service.stop()
    }
  })
}

/** Moves that the Data L1 says it holds and never passes on; then the service is killed. */
async function strand({ folder, env, behave, load }: FaultyStage): Promise<void> {
  const service = await startOtto({ cores: serviceCore, folder, env: { ...env, ...roomy } })
  const { port } = service
  try {
    await load({ kind: 'prepare', port, games: moves })
    await behave({ l1: 'swallows', l0: 'works' })
    await load({ kind: 'strand', port, connections: strandedAtOnce })
    service.signal('SIGKILL')
  } finally {
    await service.stop()
  }
}

/** By the service's own count. */
async function openIntents(service: Service): Promise<number> {
  const { body } = await ask(service, '/metrics')
  return Number(/^otto_open_intents (\d+)/m.exec(body)?.[1])
}

async function ask({ port }: Service, path: string) {
  const connection = await openConnection(port)
  try {
    return await connection.ask(get(path))
  } finally {
    connection.close()
  }
}

/** @throws when it does not hold in time */
async function until(holds: () => Promise<boolean>, everyMs: number): Promise<void> {
  const endMs = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`Not within ${patienceMs} ms.`)
    await sleep(everyMs)
  }
}
