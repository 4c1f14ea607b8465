import { serviceCore } from './child.ts'
import { good, withFaultyStage } from './faulty-stage.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import type { LedgerRequest } from './processes/faulty-ledger.ts'
import type { StressAnswer } from './processes/stress-load.ts'
import { startOtto } from './service.ts'

const bench = 'shutdown'
const clients = 64
const runMs = 3_000
/** What a service may take that is told to stop. @see stopWithinMs in src/http/close.ts */
const withinSeconds = 25

type Stopped = { readonly seconds: number; readonly code: number | null; readonly told: StressAnswer }

/** SIGTERM while clients play: how long it takes, and whether anybody is cut off. */
export async function measureShutdown(): Promise<readonly Figure[]> {
  const working = await stopUnder(good)
  const hanging = await stopUnder({ l1: 'hangs', l0: 'hangs' })
  const both = [working, hanging]
  return [
    secondsFigure('a ledger that works', working),
    secondsFigure('a ledger that hangs', hanging),
    none('of both, requests under way that got no answer', 'cut off', sum(both.map(({ told }) => told.resets))),
    none('of both, exit codes other than 0', 'other', both.filter(({ code }) => code !== 0).length),
  ]
}

const secondsFigure = (ledger: string, { seconds, told }: Stopped): Figure =>
  figure(
    {
      bench,
      what: `SIGTERM under ${clients} clients and ${ledger}: to the exit, s`,
      bound: atMost(withinSeconds),
      note: `answers: ${JSON.stringify(told.statuses)}`,
    },
    { what: 'exit', value: seconds, unit: 's' },
    { what: 'a s', value: 1, unit: 's' },
  )

const none = (what: string, name: string, value: number): Figure =>
  figure({ bench, what, bound: atMost(0) }, { what: name, value, unit: '' }, { what: 'one', value: 1, unit: '' })

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function stopUnder(how: LedgerRequest): Promise<Stopped> {
  return withFaultyStage(async ({ folder, env, behave, load }) => {
    const service = await startOtto({ cores: serviceCore, folder, env })
    const { port, pid } = service
    try {
      await load({ kind: 'prepare', port, games: clients })
      const stop = { pid, afterMs: runMs }
      const pounding = load({ kind: 'pound', port, connections: clients, seconds: 120, stop })
      const broken = setTimeout(() => behave(how), runMs / 2)
      const code = await service.ended
      const endMs = performance.timeOrigin + performance.now()
      clearTimeout(broken)
      const told = await pounding
      return { seconds: (endMs - told.stoppedMs) / 1_000, code, told }
    } finally {
      await service.stop()
    }
  })
}
