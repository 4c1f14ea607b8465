import { parseArgs } from 'node:util'
import { parseConfig } from '../config.ts'
import { isUuid } from '../core/uuid.ts'
import { createDialect } from '../dialect/dialects.ts'
import { loadRules } from '../open-games.ts'
import { GameNotFoundError } from '../tictactoe/errors.ts'
import type { Game } from '../tictactoe/game.ts'
import { GameView } from '../tictactoe/game-view.ts'
import { CallFailedError, createService } from './_service.ts'
import type { GameReport, Looked } from './_verify-game.ts'
import { verifyGame } from './_verify-game.ts'
import { createLedgerReader } from './_verify-ledger.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto verify <gameId> [--l0 http://127.0.0.1:9100] [--url http://127.0.0.1:8080]

Checks a game by what the ledger shows, and believes nothing: the hash and every signature of each message, who had to sign
it, its key, the ids of oracle and machine, that they hold the rules of this version; and it runs the messages again: do
they give the board that stands there? What the ledger does not show any more is named, not claimed. Whether the snapshots
themselves are those that the network agreed on is not checked: that is the node's word.
Without --l0 it asks OTTO_L0_URL, or the embedded metagraph that runs here. With --url it also asks the service for the game,
and compares; its token is OTTO_API_TOKEN, or in the file that OTTO_API_TOKEN_FILE names.
Ends with 0 when nothing is wrong, with 1 when something is.`

/** `otto verify`: a game without trust in who shows it. */
export const verifyCommand: Command = {
  name: 'verify',
  summary: 'check every signature, hash and rule of a game',
  usage,
  async run(args, context) {
    const options = { l0: { type: 'string' }, url: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [id, ...more] = positionals
    if (id === undefined || !isUuid(id) || more.length > 0) return wrongUsage(context, 'name one game by its id')
    const config = parseConfig(context.env)
    const dialect = createDialect(config.dialect.name, { ottochainNulls: config.dialect.ottochainNulls })
    const addresses = values.l0?.split(',') ?? config.nodes?.l0 ?? [`http://127.0.0.1:${config.devnet.l0Port}`]
    const reader = createLedgerReader(addresses, dialect, context.signal)
    try {
      const report = await verifyGame(id.toLowerCase(), { reader, dialect, rules: loadRules() })
      const shown = values.url === undefined ? [] : [await compare(report, values.url, context)]
      return print(report, shown, context)
    } catch (error) {
      if (!(error instanceof GameNotFoundError)) throw error
      context.err(`otto verify: the ledger at ${addresses.join(', ')} holds no game ${id}.`)
      return 1
    } finally {
      await reader.close()
    }
  },
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto verify: ${problem}\n\n${usage}`)
  return 2
}

function print(
  { game, ordinal, records, messages, gone }: GameReport,
  shown: readonly Looked[],
  { out }: CommandContext,
) {
  const { machineState, oracle, data } = game
  const board = oracle.board.map((mark) => mark ?? '.').join('')
  out(`game ${game.gameId}  ${machineState}  round ${data.roundCount}  ${board}  (snapshot ${ordinal})`)
  out(`playerX ${data.playerX}  playerO ${data.playerO}`)
  for (const looked of [...records, ...messages, ...shown]) for (const line of toLines(looked)) out(line)
  for (const line of gone) out(`– ${line}`)
  const wrong = [...records, ...messages, ...shown].filter(({ faults }) => faults.length > 0).length
  const good = messages.filter(({ faults }) => faults.length === 0).length
  if (wrong > 0) out(`${wrong} things are wrong`)
  else if (gone.length > 0) out(`${good} messages verified; nothing is wrong as far as the ledger shows it`)
  else out(`${good} messages verified: they are all of the game, and give its board`)
  return wrong > 0 ? 1 : 0
}

const toLines = ({ what, faults }: Looked): readonly string[] =>
  faults.length === 0 ? [`✓ ${what}`] : [`✗ ${what}`, ...faults.map((fault) => `    ${fault}`)]

/** Does the service show the game that the ledger shows? */
async function compare({ game, hashes, gone }: GameReport, url: string, context: CommandContext): Promise<Looked> {
  const service = await createService(url, context)
  try {
    const view = GameView.safeParse(await service.call('ttt_get_state', { gameId: game.gameId })).data
    if (view === undefined) throw new CallFailedError(`${url} does not answer like Otto.`)
    return {
      what: `${url} shows the same`,
      faults: viewFaults(view, game, gone.length > 0 ? undefined : new Set(hashes)),
    }
  } finally {
    await service.close()
  }
}

/** @param hashes of all messages of the game, where the ledger shows all */
function viewFaults(view: GameView, game: Game, hashes: ReadonlySet<string> | undefined): readonly string[] {
  const differ = (name: string, one: unknown, other: unknown) =>
    JSON.stringify(one) === JSON.stringify(other) ? [] : [`another ${name}`]
  const moves = (list: readonly { readonly player: string; readonly cell: number }[]) =>
    list.map(({ player, cell }) => `${player} ${cell}`)
  return [
    ...differ('board', view.board, game.oracle.board),
    ...differ('list of moves', moves(view.moveHistory), moves(game.oracle.moveHistory)),
    ...differ('machine', view.machineId, game.machineId),
    ...differ('pair of players', [view.playerX, view.playerO], [game.data.playerX, game.data.playerO]),
    ...view.moveHistory.flatMap(({ hash, moveNum }) =>
      hash === null || (hashes?.has(hash) ?? true) ? [] : [`another message for move ${moveNum}`],
    ),
  ]
}
