import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { post, startChat } from '../e2e/_chat.ts'
import { settingsIn } from '../e2e/_process.ts'
import { startedGame, startService } from '../e2e/_service.ts'
import type { Collected } from './_collector.ts'
import { deadUrl, startCollector } from './_collector.ts'

const namesOf = (spans: readonly Collected[]) => spans.map(({ name, parent }) => `${parent} ▸ ${name}`).sort()

test('a move is one trace under the id of its answer: build, sign, submit, confirm', async () => {
  await using collector = await startCollector()
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/` })
  const { gameId } = await startedGame(service)
  const { body } = await service.call('ttt_make_move', { gameId, player: 'X', cell: 4 })
  await service.close()

  const trace = collector.spans().filter(({ traceId }) => traceId === body.traceId.replaceAll('-', ''))
  expect(namesOf(trace)).toEqual([
    'build ▸ sign',
    'tool ttt_make_move ▸ build',
    'tool ttt_make_move ▸ confirm',
    'tool ttt_make_move ▸ submit',
    'undefined ▸ tool ttt_make_move',
  ])
  const { hash } = body.result
  const attributes = Object.fromEntries(trace.map((span) => [span.name, span.attributes]))
  expect(attributes).toMatchObject({
    'tool ttt_make_move': { 'otto.game_id': gameId, 'otto.hash': hash, 'otto.outcome': 'success', 'otto.code': 'OK' },
    build: { 'otto.message': 'TransitionStateMachine', 'otto.hash': hash },
    submit: { 'http.response.status_code': 200 },
    confirm: { 'otto.hash': hash, 'otto.outcome': 'settled' },
  })
  expect(trace.map(({ status: { code } }) => code)).toEqual(trace.map(() => 0))
  for (const span of trace) expect(BigInt(span.endTimeUnixNano)).toBeGreaterThanOrEqual(BigInt(span.startTimeUnixNano))
  expect(collector.paths.every((path) => path === 'POST /v1/traces')).toBe(true)
})

test('every call is a trace of its own, and a creation has both of its messages in it', async () => {
  await using collector = await startCollector()
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  await Promise.all([service.result('ttt_create_game'), service.result('ttt_create_game')])
  await service.close()
  const traces = Object.values(Object.groupBy(collector.spans(), ({ traceId }) => traceId))
  const creation = ['build', 'confirm', 'submit'].flatMap((step) => Array(2).fill(`tool ttt_create_game ▸ ${step}`))
  const expected = [...creation, ...Array(4).fill('build ▸ sign'), 'undefined ▸ tool ttt_create_game'].sort()
  expect(traces.map((trace = []) => namesOf(trace))).toEqual([expected, expected])
})

test('moves that wait in line for the same game stay with their own calls', async () => {
  await using collector = await startCollector()
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const { gameId } = await startedGame(service)
  const cells = [0, 1, 2]
  const answers = await Promise.all(cells.map((cell) => service.call('ttt_make_move', { gameId, player: 'X', cell })))
  await service.close()
  const traces = answers.map(({ body }) => {
    const id = body.traceId.replaceAll('-', '')
    return collector.spans().filter(({ traceId }) => traceId === id)
  })
  // X has one move before it is the other's turn.
  expect(traces.map((trace) => trace.length).sort()).toEqual([1, 1, 5])
})

test('a chat is one trace from the words of a person to the ledger', async () => {
  await using collector = await startCollector()
  const service = await startChat({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const id = crypto.randomUUID()
  const { status } = await post(service, '/generate', { prompt: 'call ttt_create_game {}' }, { 'x-trace-id': id })
  await service.close()
  expect(status).toBe(200)
  const trace = collector.spans().filter(({ traceId }) => traceId === id.replaceAll('-', ''))
  const steps = namesOf(trace).filter((step) => !step.startsWith('tool') && !step.startsWith('build'))
  expect(steps).toEqual(['chat ▸ model', 'chat ▸ model', 'chat ▸ tool ttt_create_game', 'undefined ▸ chat'])
  const chat = trace.find(({ name }) => name === 'chat')
  expect(chat?.attributes).toMatchObject({
    'gen_ai.request.model': 'otto-scripted',
    'otto.finish': 'stop',
    'otto.rounds': 2,
  })
  const lines = service.logs.map((line) => JSON.parse(line))
  const told = lines.filter(({ traceId }) => traceId === id).map(({ msg }) => msg)
  expect(told).toEqual(expect.arrayContaining(['chat turn', 'tool call']))
})

test('the caller names the trace, in any words', async () => {
  await using collector = await startCollector()
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const own = await service.call('ttt_create_game', {}, { 'x-trace-id': 'my-trace' })
  const parent = '4bf92f3577b34da6a3ce929d0e0e4736'
  await service.call('ttt_get_state', own.body.result, { traceparent: `00-${parent}-00f067aa0ba902b7-01` })
  await service.close()
  expect(own.body.traceId).toBe('my-trace')
  const firsts = collector.spans().filter(({ name }) => name.startsWith('tool'))
  expect(firsts).toMatchObject([
    { name: 'tool ttt_create_game', attributes: { 'otto.trace_id': 'my-trace' } },
    { name: 'tool ttt_get_state', traceId: parent },
  ])
})

test('a refused call is an error with its code', async () => {
  await using collector = await startCollector()
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url })
  const { gameId } = await startedGame(service, [['X', 4]])
  const { body } = await service.call('ttt_make_move', { gameId, player: 'O', cell: 4 })
  await service.close()
  const trace = collector.spans().filter(({ traceId }) => traceId === body.traceId.replaceAll('-', ''))
  expect(trace).toMatchObject([{ name: 'tool ttt_make_move', status: { code: 2, message: 'INVALID_MOVE' } }])
})

test('a collector that is not there disturbs no call, is told of once, and does not hold up the end', async () => {
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: await deadUrl() })
  const { gameId } = await startedGame(service, [['X', 4]])
  const startMs = performance.now()
  await service.close()
  expect(performance.now() - startMs).toBeLessThan(6_000)
  expect(gameId).toMatch(/^[0-9a-f-]{36}$/)
  const lines = service.logs.map((line) => JSON.parse(line)).filter(({ part }) => part === 'tracing')
  expect(lines).toMatchObject([{ level: 40, reason: 'ECONNREFUSED' }])
}, 15_000)

test.each([
  { name: 'without the setting nothing of the library is loaded', loaded: false },
  { name: 'with it the library is', loaded: true },
])(
  '$name',
  async ({ loaded }) => {
    await using collector = await startCollector()
    const dir = await mkdtemp(join(tmpdir(), 'otto-tracing-'))
    try {
      const script = fileURLToPath(new URL('_loaded-packages.ts', import.meta.url))
      const env = { ...settingsIn(dir), ...(loaded ? { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url } : {}) }
      const { stdout } = await promisify(execFile)(process.execPath, [script], { env, timeout: 30_000 })
      const packages: readonly string[] = JSON.parse(stdout)
      const wanted = ['api', 'exporter-trace-otlp-http', 'sdk-trace']
      expect(packages.filter((name) => !loaded || wanted.includes(name))).toEqual(loaded ? wanted : [])
      expect(collector.paths).toEqual(loaded ? ['POST /v1/traces'] : [])
    } finally {
      await rm(dir, { recursive: true, force: true })
    }
  },
  40_000,
)
