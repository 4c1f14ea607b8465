import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Chat, MayDecide } from './chat/chat.ts'
import { createDeferredChat } from './chat/deferred-chat.ts'
import type { Persona } from './chat/persona.ts'
import { parsePersona } from './chat/persona.ts'
import type { Config } from './config.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ModelServer } from './open-model.ts'
import { openModel } from './open-model.ts'
import { randomId, systemClock } from './system.ts'
import type { Approvals } from './tools/approvals.ts'
import type { ToolCatalog } from './tools/tool.ts'
import type { Tracing } from './tracing/tracing.ts'

/** The chat's parts as the doors need them. The catalogue is handed in late: the doors decide what may begin. */
export type ChatParts = ModelServer & { openChat(tools: ToolCatalog, mayDecide: MayDecide): Chat }

type Deps = {
  readonly log: Logger
  readonly metrics: Metrics
  readonly tracing: Tracing | undefined
  readonly approvals: Approvals | undefined
}

/** Opens the way to the model; nothing is asked of it yet. @throws PersonaInvalidError, WalletFileError for a key's file */
export async function openChatParts(config: Config, deps: Deps): Promise<ChatParts> {
  const { log, metrics, tracing, approvals } = deps
  const chatLog = log.child({ part: 'chat' })
  const noteBreaker = (state: 'open' | 'closed') =>
    chatLog[state === 'open' ? 'warn' : 'info']({ upstream: 'model', state }, 'circuit breaker')
  const { model: plainModel, ...server } = await openModel(config, noteBreaker)
  metrics.watchBreaker('model', server.breaker)
  const model = tracing?.watchModel(plainModel) ?? plainModel
  const persona = readPersona()
  const observe = metrics.chats
  return {
    ...server,
    model,
    openChat(tools, mayDecide) {
      const defaultModel = config.model.name
      const chat = createDeferredChat(defaultModel, async () => {
        const [{ createChat }, { createTurnRunner }] = await Promise.all([
          import('./chat/create-chat.ts'),
          import('./llm/loop.ts'),
        ])
        const [clock, newId] = [systemClock, randomId]
        const runTurn = createTurnRunner({ clock, observe })
        return createChat({
          model,
          defaultModel,
          tools,
          approvals,
          mayDecide,
          persona,
          runTurn,
          clock,
          newId,
          log: chatLog,
          observe,
        })
      })
      return tracing?.watchChat(chat) ?? chat
    },
  }
}

const personaPath = '.otto/agents/otto.yml'

/** The project's own, in the folder where the service was started; else the one that the package brings. */
function readPersona(): Persona {
  const shipped = fileURLToPath(new URL(`../${personaPath}`, import.meta.url))
  return parsePersona(readFileSync(existsSync(personaPath) ? personaPath : shipped, 'utf8'))
}
