import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { Agent, request } from 'undici'
import { parseConfig } from '../../src/config.ts'
import type { Otto } from '../../src/main.ts'
import { startOtto } from '../../src/main.ts'
import type { GameView } from '../../src/tictactoe/game-view.ts'

/** What a tool call over HTTP gives, loosely: tests look at what they need. */
export type Answer = {
  readonly status: number
  readonly body: {
    readonly success: boolean
    readonly result: GameView & { readonly valid?: boolean; readonly reason?: string | null }
    readonly replayed?: true
    readonly code: string
    readonly outcome: string
    readonly error: string
    readonly hint: string
    readonly retryable: boolean
    readonly traceId: string
    readonly details: Record<string, unknown>
  }
}

export type Service = {
  readonly url: string
  readonly dir: string
  readonly logs: string[]
  call(tool: string, args?: object, headers?: Record<string, string>): Promise<Answer>
  /** Calls, and gives the result of a call that must succeed. */
  result(tool: string, args?: object): Promise<Answer['body']['result']>
  get(path: string): Promise<{ status: number; body: unknown }>
  close(): Promise<void>
}

const agent = new Agent({ keepAliveTimeout: 1_000 })

/** Discard's port of loopback: no model answers there, whatever this machine runs. */
export const noModelUrl = 'http://127.0.0.1:9'

/** The whole service with its own metagraph, on free ports, in a folder of its own. */
export async function startService(env: Record<string, string> = {}, dir?: string): Promise<Service> {
  const home = dir ?? (await mkdtemp(join(tmpdir(), 'otto-')))
  const logs: string[] = []
  const config = parseConfig({
    OTTO_PORT: '0',
    OTTO_DEVNET_L1_PORT: '0',
    OTTO_DEVNET_L0_PORT: '0',
    OTTO_DATA_DIR: join(home, 'var'),
    OTTO_WALLET_DIR: join(home, 'wallets'),
    OTTO_RATE_LIMIT: 'off',
    OTTO_MAX_LOOP_DELAY_MS: '0',
    OTTO_USER_DIR: join(home, 'user'),
    OLLAMA_URL: noModelUrl,
    ...env,
  })
  const otto = await startOtto(config, pino({ level: 'info' }, { write: (line: string) => logs.push(line) }))
  return { ...client(otto.url), dir: home, logs, close: () => stop(otto, dir === undefined ? home : undefined) }
}

async function stop(otto: Otto, home: string | undefined): Promise<void> {
  await otto.close()
  if (home !== undefined) await rm(home, { recursive: true, force: true })
}

/** Calls to a service by its address; `always` goes with each as headers. */
export function client(
  url: string,
  always: Record<string, string> = {},
): Pick<Service, 'url' | 'call' | 'result' | 'get'> {
  const call: Service['call'] = async (tool, args = {}, headers = {}) => {
    const { statusCode, body } = await request(`${url}/otto/tool`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...always, ...headers },
      body: JSON.stringify({ tool, args }),
      dispatcher: agent,
    })
    return { status: statusCode, body: (await body.json()) as Answer['body'] }
  }
  return {
    url,
    call,
    async result(tool, args) {
      const { body } = await call(tool, args)
      if (!body.success) throw new Error(`${tool} ${JSON.stringify(args)}: ${JSON.stringify(body)}`)
      return body.result
    },
    async get(path) {
      const { statusCode, body } = await request(`${url}${path}`, { headers: always, dispatcher: agent })
      const text = await body.text()
      return { status: statusCode, body: text === '' ? undefined : JSON.parse(text) }
    },
  }
}

/** A game in `playing`, with the moves given already made. */
export async function startedGame(
  service: Pick<Service, 'result'>,
  moves: readonly (readonly [string, number])[] = [],
): Promise<GameView> {
  const { gameId } = await service.result('ttt_create_game')
  let view = await service.result('ttt_start_game', { gameId })
  for (const [player, cell] of moves) view = await service.result('ttt_make_move', { gameId, player, cell })
  return view
}
