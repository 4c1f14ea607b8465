import { parseArgs } from 'node:util'
import { pino } from 'pino'
import type { Dispatcher } from 'undici'
import { Agent, request } from 'undici'
import { z } from 'zod'
import { parseConfig } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import { loadRules, startOtto } from '../main.ts'
import { GameView } from '../tictactoe/game-view.ts'
import type { Brain } from './brains.ts'
import { createBrain } from './brains.ts'
import type { Command, CommandContext } from './command.ts'

/** The service answered, but not with what was asked for. */
class PlayFailedError extends BaseError {
  override readonly code = 'PLAY_FAILED'
  override readonly kind = 'unavailable'
}

const usage = `otto play [--rounds n] [--brain perfect|random] [--url http://127.0.0.1:8080]

Otto plays both sides of tic-tac-toe and prints each board, move, signer, hash and ordinal.
Without --url it plays on the service that runs here, or starts one for the time of the game.`

/** `otto play`: one game with itself, over the service's own HTTP door. */
export const playCommand: Command = {
  name: 'play',
  summary: 'watch Otto play tic-tac-toe with itself, every move signed',
  usage,
  async run(args, context) {
    const { values } = parseArgs({
      args: [...args],
      options: { rounds: { type: 'string' }, brain: { type: 'string' }, url: { type: 'string' } },
    })
    const asked = Asked.safeParse(values)
    if (!asked.success) {
      context.err(
        `otto play: ${asked.error.issues.map(({ path, message }) => `--${path.join('.')} ${message}`).join('; ')}\n\n${usage}`,
      )
      return 2
    }
    const dispatcher = new Agent()
    const service = await findService(asked.data.url, context, dispatcher)
    try {
      await playRounds(createPlayer(service.url, dispatcher, context.signal), asked.data, context)
      return 0
    } finally {
      await service.close()
      await dispatcher.close()
    }
  },
}

const Asked = z.object({
  rounds: z.coerce.number('must be a number').int().min(1).max(1_000).default(1),
  brain: z.enum(['perfect', 'random'], 'must be perfect or random').default('perfect'),
  url: z.url({ protocol: /^https?$/, error: 'must be an http address' }).optional(),
})

type Service = { readonly url: string; close(): Promise<void> }

/** The service named, the one that answers at the configured port, or one of our own. */
async function findService(url: string | undefined, { env }: CommandContext, dispatcher: Dispatcher): Promise<Service> {
  if (url !== undefined) return { url: url.replace(/\/+$/, ''), close: async () => {} }
  const config = parseConfig(env)
  const here = `http://${config.http.host}:${config.http.port}`
  const answers = await request(`${here}/health/live`, { dispatcher, signal: AbortSignal.timeout(1_000) }).then(
    async ({ statusCode, body }) => {
      await body.dump()
      return statusCode === 200
    },
    () => false,
  )
  if (answers) return { url: here, close: async () => {} }
  return startOtto(config, pino({ level: 'warn' }, pino.destination(2)))
}

type Player = (tool: string, args: object) => Promise<GameView>

const Answer = z.union([
  z.object({ success: z.literal(true), result: GameView }),
  z.object({ success: z.literal(false), error: z.string(), hint: z.string(), code: z.string() }),
])

/** Calls tools over HTTP. @throws PlayFailedError with the service's own words */
function createPlayer(url: string, dispatcher: Dispatcher, signal: AbortSignal): Player {
  return async (tool, args) => {
    const sent = request(`${url}/otto/tool`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ tool, args }),
      dispatcher,
      signal: AbortSignal.any([signal, AbortSignal.timeout(60_000)]),
    })
    const json: unknown = await sent
      .then(({ body }) => body.json())
      .catch((cause: unknown) => {
        throw new PlayFailedError(`No answer from ${url}.`, { cause, hint: 'Is the service running?' })
      })
    const answer = Answer.safeParse(json)
    if (!answer.success) throw new PlayFailedError(`${url} does not answer like Otto.`)
    if (!answer.data.success)
      throw new PlayFailedError(`${answer.data.code}: ${answer.data.error}`, { hint: answer.data.hint })
    return answer.data.result
  }
}

async function playRounds(call: Player, { rounds, brain }: z.output<typeof Asked>, { out, signal }: CommandContext) {
  const think = createBrain(brain, loadRules(), Math.random)
  let view = await call('ttt_create_game', {})
  const { gameId } = view
  out(`game ${gameId}\noracle ${view.oracleId}\nX ${view.playerX}\nO ${view.playerO}`)
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted()
    view = await call(round === 0 ? 'ttt_start_game' : 'ttt_reset_board', { gameId })
    out(`\nround ${view.roundCount + 1} on machine ${view.machineId}`)
    view = await playRound(call, view, think, out)
    out(
      `\n${view.winner ? `${view.winner} wins` : 'draw'}; the machine is ${view.machineState}, the oracle says ${view.status}`,
    )
  }
}

async function playRound(call: Player, start: GameView, think: Brain, out: (line: string) => void): Promise<GameView> {
  let view = start
  while (view.turn !== null) {
    const player = view.turn
    const cell = think({ board: view.board, turn: player })
    view = await call('ttt_make_move', { gameId: view.gameId, player, cell })
    const move = view.moveHistory.at(-1)
    out(
      `\n${player} takes cell ${cell}, signed by ${move?.signer}\nhash ${move?.hash}, ordinal ${move?.ordinal}\n${view.boardText}`,
    )
  }
  return view
}
