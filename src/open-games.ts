import { readFileSync } from 'node:fs'
import type { Logger } from 'pino'
import type { Chain } from './chain/chain.ts'
import type { Config } from './config.ts'
import { decodeJson } from './core/decode-json.ts'
import type { RuleTexts } from './http/mcp/resources.ts'
import { createProgramCache } from './jlvm/program-cache.ts'
import type { LanguageModel } from './llm/language-model.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Records } from './open-records.ts'
import { crashAt } from './open-records.ts'
import { createVerifier } from './signing/verify.ts'
import { randomId, systemClock } from './system.ts'
import type { Rules } from './tictactoe/rules.ts'
import { parseOracleFile, parseStateMachineFile } from './tictactoe/rules-file.ts'
import type { Games } from './tictactoe/tictactoe.ts'
import { createGames } from './tictactoe/tictactoe.ts'
import type { ToolBusDeps } from './tools/bus.ts'
import { createToolBus } from './tools/bus.ts'
import type { ToolBus } from './tools/tool.ts'
import { tttCancelGame } from './tools/ttt-cancel-game.ts'
import { tttCreateGame } from './tools/ttt-create-game.ts'
import { tttGetState } from './tools/ttt-get-state.ts'
import { tttMakeMove } from './tools/ttt-make-move.ts'
import { tttResetBoard } from './tools/ttt-reset-board.ts'
import { tttSimulateMove } from './tools/ttt-simulate-move.ts'
import { tttStartGame } from './tools/ttt-start-game.ts'
import type { Wallets } from './wallet/wallet.ts'

/**
 * The rules as the package ships them.
 * @throws DefinitionInvalidError or InvalidJsonError naming the file and the JSON path
 */
export function loadRules({ oracle, stateMachine }: RuleTexts = readRuleTexts()): Rules {
  const read = (text: string) => decodeJson(text, { maxDepth: 256 })
  const { scriptProgram, ...definition } = parseOracleFile(read(oracle))
  const { json, program } = createProgramCache({ maxPrograms: 1 }).intern(scriptProgram)
  return {
    oracle: { ...definition, scriptProgram: json, program },
    machine: parseStateMachineFile(read(stateMachine)),
  }
}

export function readRuleTexts(): RuleTexts {
  const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
  return { oracle: read('oracle/tictactoe.json'), stateMachine: read('statemachine/tictactoe.json') }
}

/** The script that stands in for a model, in this process. */
export async function loadScripted(rules: Rules): Promise<LanguageModel> {
  const [{ createScriptedLanguageModel }, { createScriptedModel }, { createBrain }] = await Promise.all([
    import('./scripted/language-model.ts'),
    import('./scripted/model.ts'),
    import('./tictactoe/brains.ts'),
  ])
  const model = createScriptedModel({ think: createBrain('perfect', rules, Math.random) })
  return createScriptedLanguageModel({ model, newId: randomId, clock: systemClock })
}

/** The tools offered to models, in the order of their listing; each takes the games that it plays. */
export const gameTools = [tttCreateGame, tttStartGame, tttMakeMove, tttGetState, tttResetBoard, tttCancelGame] as const

type GameParts = {
  readonly chain: Chain
  readonly wallets: Wallets
  readonly rules: Rules
  readonly metrics: Metrics
  readonly records: Records
  readonly log: Logger
}

export const createGameWorld = (config: Config, { chain, wallets, rules, metrics, records, log }: GameParts): Games =>
  createGames({
    ...records,
    chain,
    players: { X: metrics.watchSigner(wallets.playerX), O: metrics.watchSigner(wallets.playerO) },
    rules,
    clock: systemClock,
    newId: randomId,
    network: config.dialect.name,
    verifier: createVerifier({ maxKeys: 2 }),
    log: log.child({ part: 'games' }),
    pass: crashAt(config),
  })

type ToolParts = { readonly games: Games } & Pick<
  ToolBusDeps,
  'log' | 'approvals' | 'keys' | 'kill' | 'publish' | 'onDenied' | 'onCall'
>

export function createTools(
  { tools: { exposeSimulate, deadlineMs }, agents }: Config,
  { games, ...deps }: ToolParts,
): ToolBus {
  const six = gameTools.map((tool) => tool(games))
  const simulate = tttSimulateMove(games)
  return createToolBus({
    ...deps,
    tools: exposeSimulate ? [...six, simulate] : six,
    unlisted: exposeSimulate ? [] : [simulate],
    clock: systemClock,
    deadlineMs,
    isAuditMode: agents.isAuditMode,
  })
}
