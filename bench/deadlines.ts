import { serviceCore } from './child.ts'
import type { FaultyStage } from './faulty-stage.ts'
import { withFaultyStage } from './faulty-stage.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { Behaviour } from './processes/faulty-ledger.ts'
import type { StressAnswer } from './processes/stress-load.ts'
import { startOtto } from './service.ts'

const bench = 'deadlines'
const clients = 64
const seconds = 12
const deadlineSeconds = 2
/** How late an answer may be. */
const graceMs = 250

/** Answers beside their deadline, while the ledger does not do its part. */
export function measureDeadlines(): Promise<readonly Figure[]> {
  return withFaultyStage(async (stage) => {
    await prepare(stage)
    const env = { ...stage.env, OTTO_TOOL_DEADLINE_MS: String(deadlineSeconds * 1_000) }
    const service = await startOtto({ cores: serviceCore, folder: stage.folder, env })
    try {
      await poundUnder(stage, service.port, 'works') // warm
      const storm = await poundUnder(stage, service.port, 'storms')
      const asked = await poundUnder(stage, service.port, 'storms', 1)
      const hang = await poundUnder(stage, service.port, 'hangs')
      const lost = storm.resets + asked.resets + hang.resets
      return [
        row('the ledger storms', deadlineSeconds, storm),
        row('the ledger storms, asked with `Prefer: wait=1`', 1, asked),
        row('the ledger hangs', deadlineSeconds, hang),
        figure(
          { bench, what: 'of all three, requests without an answer', bound: atMost(0) },
          { what: 'without', value: lost, unit: '' },
          { what: 'one', value: 1, unit: '' },
        ),
      ]
    } finally {
      await service.stop()
    }
  })
}

/** With the deadline that a service has by itself: a slow machine makes games slowly. */
async function prepare({ folder, env, load }: FaultyStage): Promise<void> {
  const service = await startOtto({ cores: serviceCore, folder, env })
  try {
    await load({ kind: 'prepare', port: service.port, games: 4 * clients })
  } finally {
    await service.stop()
  }
}

async function poundUnder({ behave, load }: FaultyStage, port: number, how: Behaviour, waitSeconds?: number) {
  await behave({ l1: how, l0: how })
  const asked = waitSeconds === undefined ? {} : { waitSeconds }
  return load({ kind: 'pound', port, connections: clients, seconds, ...asked })
}

const row = (when: string, deadline: number, { slowestMs, slowest, statuses }: StressAnswer): Figure =>
  figure(
    {
      bench,
      what: `the slowest answer while ${when} / its deadline + ${graceMs} ms`,
      bound: atMost(1),
      note: `${slowest}; answers: ${JSON.stringify(statuses)}`,
    },
    { what: 'slowest', value: slowestMs, unit: 'ms' },
    { what: 'allowed', value: deadline * 1_000 + graceMs, unit: 'ms' },
  )
