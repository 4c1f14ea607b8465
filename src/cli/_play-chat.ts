import { Agent } from 'undici'
import { z } from 'zod'
import { randomId } from '../system.ts'
import { GameView, Mark } from '../tictactoe/game-view.ts'
import { authorization } from './_http.ts'
import { requestPatiently } from './_patient-request.ts'
import { endLines, gameLines, moveLines, roundLines } from './_play-lines.ts'
import { CallFailedError } from './_service.ts'
import type { CommandContext } from './command.ts'

/** How often a model that stops before a round is over is asked to go on. */
const maxReminders = 5

/** Longer than a turn may take: the service ends one after 240 s. */
const answerLimitMs = 290_000

/** A service by its address, and how often to play there. */
export type ChatGame = { readonly url: string; readonly rounds: number }

/**
 * Lets the model of a service play with itself, by a chat, and prints what its tools did and what it said.
 * @returns the exit code: 1 when the model stopped before a round was over
 * @throws CallFailedError with the words of a service whose model cannot be asked
 */
export async function playByChat({ url, rounds }: ChatGame, context: CommandContext): Promise<number> {
  const dispatcher = new Agent()
  try {
    const ask = createAsker(url, { ...context, headers: await authorization(context.env), dispatcher })
    let before: GameView | undefined
    for (let round = 0; round < rounds; round++) {
      const after = await playRound(ask, before, context.out)
      if (!isPlayed(after, before)) return stopped(after, context)
      before = after
    }
    return 0
  } finally {
    await dispatcher.close()
  }
}

type Message = { readonly role: 'user' | 'assistant'; readonly content: string }
type Run = z.output<typeof Run>
type Ask = (messages: readonly Message[]) => Promise<{ readonly words: string; readonly runs: readonly Run[] }>

/** One round, in a conversation of its own. @returns the game as the last tool showed it */
async function playRound(
  ask: Ask,
  before: GameView | undefined,
  out: CommandContext['out'],
): Promise<GameView | undefined> {
  const messages: Message[] = []
  let view: GameView | undefined
  for (let asked = 0; asked <= maxReminders; asked++) {
    messages.push({ role: 'user', content: asked === 0 ? wish(before) : goOn(view) })
    const { words, runs } = await ask(messages)
    if (runs.some(({ result }) => result['code'] === 'APPROVAL_NEEDED'))
      throw new CallFailedError(asksFirst.fact, asksFirst)
    for (const run of runs) view = tell(run, out) ?? view
    if (words !== '') out(`\nthe model says: ${words}`)
    messages.push({ role: 'assistant', content: words })
    if (isPlayed(view, before) || view?.machineState === 'cancelled') break
  }
  return view
}

const asksFirst = {
  fact: 'The service signs nothing that a person has not agreed to (OTTO_SIGNING=confirm), and a game has eleven writes.',
  hint: 'Play in a chat and answer yes to each, or start the service with OTTO_SIGNING=auto.',
}

const wish = (before: GameView | undefined): string =>
  before === undefined
    ? 'Play a game of tic-tac-toe with yourself, for X and for O, until it is over.'
    : `Play another round of game ${before.gameId} with yourself, for X and for O, until it is over.`

const goOn = (view: GameView | undefined): string =>
  view === undefined ? 'Go on.' : `Go on with game ${view.gameId} until it is over.`

/** A round that is over has a machine of its own. */
const isPlayed = (view: GameView | undefined, before: GameView | undefined): boolean =>
  view?.machineState === 'finished' && view.machineId !== before?.machineId

/** Prints what a tool did. @returns the game after it, undefined for a refusal */
function tell({ tool, args, success, result }: Run, out: CommandContext['out']): GameView | undefined {
  if (!success) {
    out(`\n${tool} was refused: ${result['code']} ${result['error']}`)
    return undefined
  }
  const view = GameView.safeParse(result).data
  if (view === undefined) return undefined
  const move = Move.safeParse(args).data
  if (tool === 'ttt_create_game') out(gameLines(view))
  if (tool === 'ttt_start_game' || tool === 'ttt_reset_board') out(roundLines(view))
  if (tool === 'ttt_make_move' && move) {
    out(moveLines(move, view))
    if (view.machineState === 'finished') out(endLines(view))
  }
  return view
}

const Move = z.object({ player: Mark, cell: z.int() })

function stopped(view: GameView | undefined, { err }: CommandContext): number {
  const where =
    view === undefined ? 'it began no game' : view.turn ? `${view.turn} is next` : `the game is ${view.machineState}`
  const many = view?.machineState === 'cancelled' ? '' : `, though asked ${maxReminders} times to go on`
  err(`otto: The model stopped before the round was over${many}: ${where}.`)
  return 1
}

const Run = z.object({
  tool: z.string(),
  success: z.boolean(),
  // Runs of a long turn may be told without these.
  args: z.record(z.string(), z.unknown()).default({}),
  result: z.record(z.string(), z.unknown()).default({}),
})
const Answer = z.object({ message: z.object({ content: z.string() }), tool_runs: z.array(Run) })
const Refusal = z.object({ error: z.string(), code: z.string() })

type Asking = Pick<CommandContext, 'signal'> & { readonly headers: object; readonly dispatcher: Agent }

/** @throws CallFailedError, from what it returns */
function createAsker(url: string, { signal, headers, dispatcher }: Asking): Ask {
  return async (messages) => {
    const answer = await requestPatiently(`${url}/generate`, {
      method: 'POST',
      // A key of its own each time: the same words would else count as a retry, and play the game of last time.
      headers: { ...headers, 'content-type': 'application/json', 'idempotency-key': randomId() },
      body: JSON.stringify({ messages, stream: false }),
      dispatcher,
      signal,
      timeoutMs: answerLimitMs,
    }).catch((cause: unknown) => {
      throw new CallFailedError(`No answer from ${url}.`, { cause, hint: 'Is the service running?' })
    })
    const json: unknown = await answer.body.json().catch(() => undefined)
    const refusal = Refusal.safeParse(json).data
    if (refusal !== undefined) throw refused(refusal)
    const told = Answer.safeParse(json).data
    if (told === undefined) throw new CallFailedError(`${url} does not answer like Otto's chat.`)
    return { words: told.message.content.trim(), runs: told.tool_runs }
  }
}

const refused = ({ code, error }: z.output<typeof Refusal>): CallFailedError =>
  new CallFailedError(`${code}: ${error}`, {
    hint: code.startsWith('LLM_') || code === 'MODEL_NOT_FOUND' ? 'otto doctor says what its model lacks.' : '',
  })
