import { join } from 'node:path'
import { loadCore, programPath, serviceCore, startWorker } from './child.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'
import type { McpLoadAnswer, McpLoadRequest } from './processes/mcp-load.ts'
import { startOtto, startProgram, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

const bench = 'mcp'
const atOnce = 32
const rounds = 4

type Ports = { readonly otto: number; readonly echo: number }
type Send = (request: McpLoadRequest) => Promise<number>

/** Tools over POST and over MCP, all on one core in turns. */
export async function measureMcp(): Promise<readonly Figure[]> {
  await using open = new AsyncDisposableStack()
  const folder = await temporaryFolder()
  open.defer(() => folder.remove())
  const otto = await startOtto({ cores: serviceCore, folder: folder.path })
  open.defer(() => otto.stop())
  const log = join(folder.path, 'echo.log')
  const echo = await startProgram([programPath('mcp-echo')], { cores: serviceCore, log })
  open.defer(() => echo.stop())
  const load = startWorker('mcp-load', loadCore)
  open.defer(() => load.stop())
  const ports = { otto: otto.port, echo: echo.port }
  const send: Send = async (request) => (await load.ask<McpLoadAnswer>(request)).perSecond
  return [await measureReads(ports, send), await measureMoves(ports, send)]
}

async function measureReads(ports: Ports, send: Send): Promise<Figure> {
  const reads: number[] = []
  const echoes: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const read = await send({ kind: 'read', port: ports.otto, atOnce, seconds: 2 })
    const echo = await send({ kind: 'echo', port: ports.echo, atOnce, seconds: 2 })
    if (round === 0) continue // it warms
    reads.push(read)
    echoes.push(echo)
  }
  return figure(
    {
      bench,
      what: `POST /otto/tools/ttt_get_state, ${atOnce} at once / an echo tool in one session of the MCP SDK`,
      bound: atLeast(4),
    },
    { what: 'reads', value: median(reads), unit: '/s' },
    { what: 'echoes', value: median(echoes), unit: '/s' },
  )
}

async function measureMoves({ otto: port }: Ports, send: Send): Promise<Figure> {
  const rates: Record<'post' | 'mcp', number[]> = { post: [], mcp: [] }
  for (let round = 0; round <= rounds; round++)
    for (const by of ['post', 'mcp'] as const) {
      const perSecond = await send({ kind: 'play', by, port, atOnce, games: 128 })
      if (round > 0) rates[by].push(perSecond)
    }
  return figure(
    { bench, what: `ttt_make_move over POST /mcp, ${atOnce} at once / over POST /otto/tool`, bound: atLeast(0.8) },
    { what: 'MCP', value: median(rates.mcp), unit: '/s' },
    { what: 'POST', value: median(rates.post), unit: '/s' },
  )
}
