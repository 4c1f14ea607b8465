import { loadRules } from '../open-games.ts'
import type { ScriptedServer, ScriptedServerOptions } from '../scripted/server.ts'
import { randomId, systemClock } from '../system.ts'

type Options = Pick<ScriptedServerOptions, 'port' | 'delayMs' | 'misbehave' | 'alsoNamed'>

/** The scripted model server with a player that never loses. Its code is loaded here, so that `serve` does without. */
export async function startScripted(options: Options): Promise<ScriptedServer> {
  const [{ createScriptedModel }, { startScriptedServer }, { createBrain }] = await Promise.all([
    import('../scripted/model.ts'),
    import('../scripted/server.ts'),
    import('../tictactoe/brains.ts'),
  ])
  const model = createScriptedModel({ think: createBrain('perfect', loadRules(), Math.random) })
  return startScriptedServer({ ...options, model, clock: systemClock, newId: randomId })
}
