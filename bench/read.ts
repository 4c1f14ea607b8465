import { join } from 'node:path'
import { programPath, serviceCore } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'
import { withLoad } from './load.ts'
import type { LoadRequest } from './processes/load.ts'
import type { Service } from './service.ts'
import { startOtto, startProgram, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

const connections = 64
const rounds = 3

type What = Extract<LoadRequest, { kind: 'repeat' }>['what']

/** State reads beside an echo that checks the same bytes with zod and gives them back. */
export async function measureRead(): Promise<readonly Figure[]> {
  const folder = await temporaryFolder()
  const otto = await startOtto({ cores: serviceCore, folder: folder.path })
  const echo = await startProgram([programPath('echo-app')], { cores: serviceCore, log: join(folder.path, 'echo.log') })
  try {
    const rates = await measureRates(otto, echo)
    const rate = (what: What) => median(rates.get(what) ?? [])
    const row = (what: string, ours: What, theirs: What) =>
      figure(
        { bench: 'read', what, bound: atLeast(0.6, 0.75) },
        { what: 'reads', value: rate(ours), unit: '/s' },
        { what: 'echoes', value: rate(theirs), unit: '/s' },
      )
    return [
      row(
        'ttt_get_state over POST /otto/tool, 64 connections / the same POST to an empty Fastify + zod echo',
        'tool',
        'echo-post',
      ),
      row('GET /otto/games/:id/state / the same GET to that app', 'state', 'echo-get'),
    ]
  } finally {
    await Promise.all([otto.stop(), echo.stop()])
    await folder.remove()
  }
}

function measureRates(otto: Service, echo: Service): Promise<ReadonlyMap<What, number[]>> {
  const rates = new Map<What, number[]>()
  return withLoad(async (send) => {
    await send({ kind: 'prepare', port: otto.port, connections: 32, games: 100 })
    await send({ kind: 'play', port: otto.port, connections: 32, games: 50 })
    for (let round = 0; round <= rounds; round++)
      for (const what of ['tool', 'echo-post', 'state', 'echo-get'] as const) {
        const { port } = what.startsWith('echo') ? echo : otto
        const { perSecond } = await send({ kind: 'repeat', port, connections, seconds: 1.2, what })
        if (round > 0) rates.set(what, [...(rates.get(what) ?? []), perSecond]) // the first round warms
      }
    return rates
  })
}
