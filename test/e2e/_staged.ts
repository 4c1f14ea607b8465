import type { ServerResponse } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import type { Recorded, UpstreamServer } from '../llm/upstream.ts'
import { startUpstream } from '../llm/upstream.ts'

/** What the model server does in one round of a turn; calls are moves, as a player's mark and a cell. */
export type Act =
  | { readonly says: string }
  | { readonly moves: readonly (readonly [string, number])[] }
  /** Nothing more comes. */
  | 'hang'
  /** The connection breaks. */
  | 'reset'
  | { readonly waitsMs: number }

const pause = { waitsMs: 60 }

/** How a turn goes, round by round. */
export const stages = {
  'first-byte': [['hang']],
  text: [[{ says: 'Let me' }, 'hang']],
  'one-move': [[{ moves: [['X', 4]] }], [{ says: 'X holds the centre.' }]],
  'two-moves': [
    [
      {
        moves: [
          ['X', 4],
          ['O', 0],
        ],
      },
    ],
    [{ says: 'Both moved.' }],
  ],
  'between-rounds': [[{ moves: [['X', 4]] }], ['hang']],
  'break-after-move': [[{ moves: [['X', 4]] }], [{ says: 'X holds' }, 'reset']],
  /** Longer than any client is left without a sign. */
  silence: [[{ waitsMs: 5_500 }, { says: 'Here I am.' }]],
  slow: [
    [pause, { says: 'Let me ' }, pause, { moves: [['X', 4]] }],
    [pause, { says: 'see: ' }, pause, { says: 'done.' }],
  ],
} as const satisfies Record<string, readonly (readonly Act[])[]>

export type Stage = keyof typeof stages

/** What a user says for a turn to go that way. */
export const wordsFor = (stage: Stage, gameId: string): string => `stage ${stage} in game ${gameId}`

export type StagedServer = Pick<UpstreamServer, 'url' | 'close'> & {
  /** The question of a round, 0 the first, about a game; waits until it is there. */
  question(gameId: string, round: number): Promise<Recorded>
  /** How many questions there were about a game. */
  count(gameId: string): number
}

/** A model server that does in each round what the last words of the user name. */
export async function startStaged(): Promise<StagedServer> {
  const arrivals = new Map<string, PromiseWithResolvers<Recorded>>()
  const arrival = (key: string) => {
    const known = arrivals.get(key) ?? Promise.withResolvers<Recorded>()
    arrivals.set(key, known)
    return known
  }
  const server = await startUpstream(async (recorded, response) => {
    if (recorded.path === '/api/show') return void response.end('{"capabilities":["completion","tools"]}')
    const { messages } = JSON.parse(recorded.body) as { messages: { role: string; content: string }[] }
    const last = messages.findLast(({ role }) => role === 'user')?.content ?? ''
    const [, stage = '', gameId = ''] = /stage (\S+) in game (\S+)/.exec(last) ?? []
    const round = messages.some(({ role }) => role === 'tool') ? 1 : 0
    arrival(`${gameId} ${round}`).resolve(recorded)
    await act(stages[stage as Stage][round] ?? [], gameId, response) // the words come from wordsFor
  })
  return {
    url: server.url,
    close: server.close,
    question: (gameId, round) => arrival(`${gameId} ${round}`).promise,
    count: (gameId) => server.requests.filter(({ path, body }) => path === '/api/chat' && body.includes(gameId)).length,
  }
}

const line = (message: object, done = false): string =>
  `${JSON.stringify({
    model: 'staged',
    created_at: '2026-11-21T09:00:00.100000000Z',
    message: { role: 'assistant', content: '', ...message },
    done,
    ...(done ? { done_reason: 'stop', eval_count: 3 } : {}),
  })}\n`

async function act(acts: readonly Act[], gameId: string, response: ServerResponse): Promise<void> {
  for (const step of acts) {
    if (step === 'hang') return
    if (step === 'reset') return void response.socket?.resetAndDestroy()
    if ('waitsMs' in step) await setTimeout(step.waitsMs)
    else if ('says' in step) await written(response, line({ content: step.says }))
    else await written(response, line({ tool_calls: step.moves.map((move) => callOf(move, gameId)) }))
  }
  response.end(line({}, true))
}

const callOf = ([player, cell]: readonly [string, number], gameId: string) => ({
  function: { name: 'ttt_make_move', arguments: { gameId, player, cell } },
})

const written = (response: ServerResponse, text: string): Promise<unknown> =>
  new Promise((resolve) => response.write(text, resolve))
