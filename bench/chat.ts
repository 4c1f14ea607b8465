import type { ChatStage, Way } from './chat-stage.ts'
import { withChatStage } from './chat-stage.ts'
import { cpuMs } from './cpu.ts'
import type { Figure } from './figure.ts'
import { atMost, figure } from './figure.ts'
import { median, quantile } from './statistics.ts'

const bench = 'chat'
const chunks = 200
const toolRounds = 3

/** The Ollama door, tools on, beside a bare node:http pipe that carries the same bytes to the same model server. */
export function measureChat(): Promise<readonly Figure[]> {
  return withChatStage(async (stage) => [
    await measureFirstByte(stage),
    await measureCpu(stage),
    ...(await measureLatency(stage)),
    await measureFirstText(stage),
  ])
}

async function measureFirstByte(stage: ChatStage): Promise<Figure> {
  const { direct, pipe, door } = await stage.ways({ chunks: 1, pace_ms: 0 })
  const targets = [direct.target, pipe.target, door.target]
  await stage.measure({ kind: 'first', targets, rounds: 400 }) // warms
  const [bare = [], piped = [], ours = []] = await stage.measure({ kind: 'first', targets, rounds: 600 })
  return figure(
    {
      bench,
      what: 'first byte, added by POST /api/chat with tools / by a bare node:http pipe',
      bound: atMost(1.25, 1.1),
      note: `the model server alone ${Math.round(median(bare))} µs; both ask it the same bytes`,
    },
    { what: 'added', value: median(ours) - median(bare), unit: 'µs' },
    { what: 'pipe', value: median(piped) - median(bare), unit: 'µs' },
  )
}

/** Many answers at once, slow enough that no two chunks of an answer come together. */
async function measureCpu(stage: ChatStage): Promise<Figure> {
  const streams = 16
  const long = await stage.ways({ chunks, pace_ms: 4 })
  const short = await stage.ways({ chunks: 1, pace_ms: 0 })
  const cpuOf = createCpuSums(stage, streams)
  for (let round = 0; round <= 10; round++)
    for (const way of ['pipe', 'door'] as const) {
      await cpuOf.add(`long ${way}`, long[way], streams, round > 0)
      await cpuOf.add(`short ${way}`, short[way], 20 * streams, round > 0)
    }
  const perChunk = (way: string) => cpuOf.us(`long ${way}`) / chunks
  const once = (way: string) => (cpuOf.us(`short ${way}`) * chunks - cpuOf.us(`long ${way}`)) / (chunks - 1)
  const further = (way: string) => ((cpuOf.us(`long ${way}`) - once(way)) / chunks).toPrecision(3)
  return figure(
    {
      bench,
      what: `CPU of an answer of ${chunks} chunks, calls looked for, a chunk / the pipe's`,
      bound: atMost(1.2),
      note: `without what an answer costs once: ${further('door')} / ${further('pipe')} µs; once: ${Math.round(once('door'))} / ${Math.round(once('pipe'))} µs`,
    },
    { what: 'a chunk', value: perChunk('door'), unit: 'µs' },
    { what: 'pipe', value: perChunk('pipe'), unit: 'µs' },
  )
}

/** Sums up CPU by name; the first rounds warm and do not count. */
function createCpuSums(stage: ChatStage, streams: number) {
  const sums = new Map<string, { ms: number; answers: number }>()
  return {
    async add(name: string, { target, service }: Way, answers: number, counts: boolean): Promise<void> {
      const beforeMs = await cpuMs(service)
      await stage.measure({ kind: 'stream', target, streams, answers })
      const usedMs = (await cpuMs(service)) - beforeMs
      const { ms, answers: sofar } = sums.get(name) ?? { ms: 0, answers: 0 }
      if (counts) sums.set(name, { ms: ms + usedMs, answers: sofar + answers })
    },
    /** Of one answer. */
    us(name: string): number {
      const { ms, answers } = sums.get(name) ?? { ms: Number.NaN, answers: 1 }
      return (ms * 1_000) / answers
    },
  }
}

/** One answer at a time. Percentiles are of five answers each, in turns: what else the machine does then hits few of them. */
async function measureLatency(stage: ChatStage): Promise<readonly Figure[]> {
  const { pipe, door } = await stage.ways({ chunks, pace_ms: 2 })
  const delays = { pipe: [] as (readonly number[])[], door: [] as (readonly number[])[] }
  for (let round = 0; round <= 10; round++)
    for (const [way, { target }] of Object.entries({ pipe, door }) as ['pipe' | 'door', Way][]) {
      const measured = await stage.measure({ kind: 'stream', target, streams: 1, answers: 5 })
      if (round > 0) delays[way].push(measured)
    }
  const at = (way: 'pipe' | 'door', part: number) => median(delays[way].map((each) => quantile(each, part)))
  const row = (what: string, part: number, bound: number) =>
    figure(
      {
        bench,
        what: `${what} of a chunk's way from the model server to the client / through the pipe`,
        bound: atMost(bound),
      },
      { what: 'door', value: at('door', part), unit: 'µs' },
      { what: 'pipe', value: at('pipe', part), unit: 'µs' },
    )
  return [row('p50', 0.5, 1.15), row('p99', 0.99, 1.3)]
}

async function measureFirstText(stage: ChatStage): Promise<Figure> {
  const target = await stage.gamesTarget(toolRounds)
  await stage.measure({ kind: 'text', target, answers: 50 }) // warms
  const delays = await stage.measure({ kind: 'text', target, answers: 200 })
  return figure(
    {
      bench,
      what: `first text of an answer after the model server wrote it, ${toolRounds} rounds of tools before it, ms`,
      bound: atMost(50),
      note: `p50 ${Math.round(median(delays))} µs`,
    },
    { what: 'p99', value: quantile(delays, 0.99) / 1_000, unit: 'ms' },
    { what: 'a ms', value: 1, unit: 'ms' },
  )
}
