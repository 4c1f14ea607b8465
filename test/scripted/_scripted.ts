import { loadRules } from '../../src/open-games.ts'
import { createScriptedModel } from '../../src/scripted/model.ts'
import type { ScriptedServer, ScriptedServerOptions } from '../../src/scripted/server.ts'
import { startScriptedServer } from '../../src/scripted/server.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { createBrain } from '../../src/tictactoe/brains.ts'

export const scripted = createScriptedModel({ think: createBrain('perfect', loadRules(), () => 0) })

/** A scripted model on a free port, closed by its caller. */
export const startScripted = (options: Partial<ScriptedServerOptions> = {}): Promise<ScriptedServer> =>
  startScriptedServer({ port: 0, model: scripted, clock: systemClock, newId: randomId, ...options })

/** The tools of the service as a request names them. */
export const gameTools = ['create_game', 'start_game', 'make_move', 'get_state', 'reset_board', 'cancel_game'].map(
  (name) => ({
    type: 'function',
    function: { name: `ttt_${name}`, description: name, parameters: { type: 'object', properties: {} } },
  }),
)

export const gameId = '7f0c6f4e-3a52-4d0e-9a51-0d4c2b6a9e11'

/** The JSON text of a game as a tool gives it. */
export const view = (fields: object = {}): string =>
  JSON.stringify({
    gameId,
    machineState: 'playing',
    status: 'InProgress',
    board: Array(9).fill(null),
    turn: 'X',
    winner: null,
    moveCount: 0,
    ...fields,
  })
