import { join } from 'node:path'
import { loadCore, programPath, serviceCore, startWorker } from './child.ts'
import { cpuMs } from './cpu.ts'
import type { Figure } from './figure.ts'
import { atLeast, figure } from './figure.ts'
import type { McpLoadAnswer, McpLoadRequest } from './processes/mcp-load.ts'
import type { Service } from './service.ts'
import { startOtto, startProgram, temporaryFolder } from './service.ts'
import { median } from './statistics.ts'

const bench = 'mcp'
const atOnce = 32
const rounds = 4

type Services = { readonly otto: Service; readonly echo: Service }
type Send = (request: McpLoadRequest) => Promise<McpLoadAnswer>

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
  const send: Send = (request) => load.ask<McpLoadAnswer>(request)
  return [await measureReads({ otto, echo }, send), await measureMoves(otto, send)]
}

async function measureReads({ otto, echo }: Services, send: Send): Promise<Figure> {
  const reads = createRates(send)
  const echoes = createRates(send)
  for (let round = 0; round <= rounds; round++) {
    await reads.add(otto, { kind: 'read', port: otto.port, atOnce, seconds: 2 }, round > 0)
    await echoes.add(echo, { kind: 'echo', port: echo.port, atOnce, seconds: 2 }, round > 0)
  }
  return figure(
    {
      bench,
      what: `POST /otto/tools/ttt_get_state, ${atOnce} at once / an echo tool in one session of the MCP SDK`,
      bound: atLeast(4),
      note: `CPU ${reads.cpuUs()} / ${echoes.cpuUs()} µs a call`,
    },
    { what: 'reads', value: reads.perSecond(), unit: '/s' },
    { what: 'echoes', value: echoes.perSecond(), unit: '/s' },
  )
}

async function measureMoves(otto: Service, send: Send): Promise<Figure> {
  const rates = { post: createRates(send), mcp: createRates(send) }
  for (let round = 0; round <= rounds; round++)
    for (const by of ['post', 'mcp'] as const)
      await rates[by].add(otto, { kind: 'play', by, port: otto.port, atOnce, games: 128 }, round > 0)
  return figure(
    { bench, what: `ttt_make_move over POST /mcp, ${atOnce} at once / over POST /otto/tool`, bound: atLeast(0.8) },
    { what: 'MCP', value: rates.mcp.perSecond(), unit: '/s' },
    { what: 'POST', value: rates.post.perSecond(), unit: '/s' },
  )
}

/** Keeps the rates of rounds, and what a call costs; the first round warms and does not count. */
function createRates(send: Send) {
  const rates: number[] = []
  const sum = { cpuMs: 0, calls: 0 }
  return {
    async add(service: Service, request: McpLoadRequest, counts: boolean): Promise<void> {
      const beforeMs = await cpuMs(service)
      const { perSecond, calls } = await send(request)
      if (!counts) return
      rates.push(perSecond)
      sum.cpuMs += (await cpuMs(service)) - beforeMs
      sum.calls += calls
    },
    perSecond: () => median(rates),
    cpuUs: () => Math.round((sum.cpuMs * 1_000) / sum.calls),
  }
}
