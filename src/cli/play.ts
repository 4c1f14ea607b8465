import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { JsonObject } from '../core/json.ts'
import { loadRules } from '../open-games.ts'
import type { Brain } from '../tictactoe/brains.ts'
import { createBrain } from '../tictactoe/brains.ts'
import { GameView } from '../tictactoe/game-view.ts'
import { findService } from './_find-service.ts'
import { playByChat } from './_play-chat.ts'
import { endLines, gameLines, moveLines, roundLines } from './_play-lines.ts'
import { withSomeModel } from './_play-model.ts'
import type { Service } from './_service.ts'
import { CallFailedError } from './_service.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto play [--rounds n] [--brain perfect|random|model] [--url http://127.0.0.1:8080]

Otto plays both sides of tic-tac-toe and prints each board, move, signer, hash and ordinal.
Without --url it plays on the service that runs here, or starts one for the time of the game.
With --brain model the language model of that service plays, by a chat. Where Otto starts the service itself and finds no
model server, a scripted model plays and it says so.`

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
    const { brain, rounds, url } = asked.data
    const service = await findService(url, context, async (started) =>
      brain === 'model' ? started.use(await withSomeModel(context)).env : context.env,
    )
    try {
      if (brain === 'model') return await playByChat({ url: service.url, rounds }, context)
      await playRounds(createPlayer(service, context), { rounds, brain }, context)
      return 0
    } finally {
      await service.close()
    }
  },
}

const Asked = z.object({
  rounds: z.coerce.number('must be a number').int().min(1).max(1_000).default(1),
  brain: z.enum(['perfect', 'random', 'model'], 'must be perfect, random or model').default('perfect'),
  url: z.url({ protocol: /^https?$/, error: 'must be an http address' }).optional(),
})

type Player = (tool: string, args: JsonObject) => Promise<GameView>

/** Each write has its key, so that it is sent again where no answer comes. @throws CallFailedError also for no game */
const createPlayer =
  (service: Service, { err }: Pick<CommandContext, 'err'>): Player =>
  async (tool, args) => {
    const onWait = (why: string) => err(`otto play: ${why}; waiting for it, a minute at most.`)
    const view = GameView.safeParse(await service.insist(tool, args, onWait))
    if (!view.success) throw new CallFailedError(`${service.url} does not answer like Otto.`)
    return view.data
  }

type Asked = z.output<typeof Asked>
type Thinking = { readonly rounds: Asked['rounds']; readonly brain: Exclude<Asked['brain'], 'model'> }

async function playRounds(call: Player, { rounds, brain }: Thinking, { out, signal }: CommandContext) {
  const think = createBrain(brain, loadRules(), Math.random)
  let view = await call('ttt_create_game', {})
  const { gameId } = view
  out(gameLines(view))
  for (let round = 0; round < rounds; round++) {
    signal.throwIfAborted()
    view = await call(round === 0 ? 'ttt_start_game' : 'ttt_reset_board', { gameId })
    out(roundLines(view))
    view = await playRound(call, view, think, out)
    out(endLines(view))
  }
}

async function playRound(call: Player, start: GameView, think: Brain, out: (line: string) => void): Promise<GameView> {
  let view = start
  while (view.turn !== null) {
    const player = view.turn
    const cell = think({ board: view.board, turn: player })
    view = await call('ttt_make_move', { gameId: view.gameId, player, cell })
    out(moveLines({ player, cell }, view))
  }
  return view
}
