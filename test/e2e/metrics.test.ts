import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, request } from 'undici'
import { expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import type { Service } from './_service.ts'
import { startedGame, startService } from './_service.ts'

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** The samples of a scrape by their name and labels, as they are written. */
async function scrape({ url }: Service): Promise<ReadonlyMap<string, number>> {
  const { body, headers } = await request(`${url}/metrics`, { dispatcher: agent })
  expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
  const lines = (await body.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ')
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}

async function withService(work: (service: Service) => Promise<void>, env: Record<string, string> = {}) {
  const service = await startService(env)
  try {
    await work(service)
  } finally {
    await service.close()
  }
}

test('counts a whole game: calls, signatures, proofs, deliveries, gas', () =>
  withService(async (service) => {
    const { gameId } = await startedGame(service, winningMoves)
    const samples = await scrape(service)
    expect(Object.fromEntries(samples)).toMatchObject({
      'otto_tool_calls_total{tool="ttt_create_game",outcome="success",code="OK"}': 1,
      'otto_tool_calls_total{tool="ttt_make_move",outcome="success",code="OK"}': 5,
      'otto_tool_seconds_count{tool="ttt_make_move"}': 5,
      // Oracle and machine are signed by both players, the start and five moves by one.
      otto_sign_seconds_count: 10,
      otto_verify_seconds_count: 10,
      'otto_ledger_seconds_count{operation="submit",outcome="queued"}': 8,
      'otto_ledger_seconds_count{operation="deliver",outcome="settled"}': 8,
      'otto_gas_count{event="make_move",outcome="committed"}': 5,
      'otto_gas_count{event="start_game",outcome="committed"}': 1,
      'otto_http_requests_total{method="POST",route="/otto/tool",status="200"}': 7,
      'otto_http_seconds_count{route="/otto/tool"}': 7,
      otto_writes_in_flight: 0,
      otto_games_open: 0,
      otto_queue_length: 0,
    })
    expect(samples.get('otto_snapshot_ordinal')).toBeGreaterThanOrEqual(8)
    expect(samples.get('otto_gas_sum{event="make_move",outcome="committed"}')).toBeGreaterThan(5)
    for (const name of ['read_machine', 'read_script'])
      expect(samples.get(`otto_ledger_seconds_count{operation="${name}",outcome="found"}`)).toBeGreaterThanOrEqual(8)
    expect([...samples.keys()].join('\n')).not.toContain(gameId)
  }))

test('counts games that are open, and lets go of those that end', () =>
  withService(async (service) => {
    await startedGame(service)
    const { gameId } = await startedGame(service)
    expect((await scrape(service)).get('otto_games_open')).toBe(2)
    await service.result('ttt_cancel_game', { gameId })
    expect((await scrape(service)).get('otto_games_open')).toBe(1)
  }))

test('counts refusals by their code, and never a name that a caller made up', () =>
  withService(async (service) => {
    const { gameId } = await startedGame(service, [['X', 4]])
    await service.call('ttt_make_move', { gameId, player: 'O', cell: 4 })
    await service.call('ttt_make_move', { gameId, player: 'O', cell: 'four' })
    await service.call('ttt_simulate_move', { gameId, player: 'O', cell: 0 })
    for (const name of ['made_up', 'made_up_too', '"} 1']) await service.call(name)
    await service.get('/made/up')
    const samples = await scrape(service)
    expect(Object.fromEntries(samples)).toMatchObject({
      'otto_tool_calls_total{tool="ttt_make_move",outcome="rejected",code="INVALID_MOVE"}': 1,
      'otto_tool_calls_total{tool="ttt_make_move",outcome="not_submitted",code="INVALID_ARGUMENTS"}': 1,
      'otto_tool_calls_total{tool="ttt_simulate_move",outcome="success",code="OK"}': 1,
      'otto_tool_calls_total{tool="unknown",outcome="not_submitted",code="UNKNOWN_TOOL"}': 3,
      'otto_http_requests_total{method="GET",route="none",status="404"}': 1,
    })
    expect([...samples.keys()].filter((key) => key.includes('made'))).toEqual([])
  }))

test('tells about the process: memory, CPU and the delay of the event loop', () =>
  withService(async (service) => {
    const samples = await scrape(service)
    const names = ['process_resident_memory_bytes', 'process_cpu_seconds_total', 'nodejs_heap_size_used_bytes']
    for (const name of names) expect(samples.get(name)).toBeGreaterThan(0)
    expect(samples.has('nodejs_eventloop_lag_p99_seconds')).toBe(true)
  }))

test('gas that a ledger spends again at its start does not count', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'otto-metrics-'))
  try {
    const gameId = await leaveLog(dir)
    const service = await startService({}, dir)
    try {
      expect(service.logs.map((line) => JSON.parse(line)).find(({ msg }) => msg === 'ledger opened').replayed).toBe(4)
      expect([...(await scrape(service)).keys()].filter((name) => name.startsWith('otto_gas'))).toEqual([])
      await service.result('ttt_make_move', { gameId, player: 'O', cell: 0 })
      expect((await scrape(service)).get('otto_gas_count{event="make_move",outcome="committed"}')).toBe(1)
    } finally {
      await service.close()
    }
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

/** Leaves in a folder what a kill leaves after one move: a log without a checkpoint. @returns the game's id */
async function leaveLog(dir: string): Promise<string> {
  const service = await startService()
  try {
    const { gameId } = await startedGame(service, [['X', 4]])
    await cp(service.dir, dir, { recursive: true, filter: (path) => !path.endsWith('.lock') })
    return gameId
  } finally {
    await service.close()
  }
}
