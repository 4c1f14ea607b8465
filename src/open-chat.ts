import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Chat } from './chat/chat.ts'
import { createChat } from './chat/create-chat.ts'
import type { Persona } from './chat/persona.ts'
import { parsePersona } from './chat/persona.ts'
import type { Config } from './config.ts'
import { createTurnRunner } from './llm/loop.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ModelServer } from './open-model.ts'
import { openModel } from './open-model.ts'
import { systemClock } from './system.ts'
import type { Approvals } from './tools/approvals.ts'
import type { ToolCatalog } from './tools/tool.ts'
import type { Tracing } from './tracing/tracing.ts'

/** The chat's parts as the doors need them. The catalogue is handed in late: the doors decide what may begin. */
export type ChatParts = ModelServer & { openChat(tools: ToolCatalog): Chat }

type Deps = {
  readonly log: Logger
  readonly metrics: Metrics
  readonly tracing: Tracing | undefined
  readonly approvals: Approvals | undefined
}

/** Opens the way to the model; nothing is asked of it yet. @throws PersonaInvalidError, WalletFileError for a key's file */
export async function openChatParts(config: Config, deps: Deps): Promise<ChatParts> {
  const { log, metrics, tracing, approvals } = deps
  const { model: plainModel, forward, listModels } = await openModel(config)
  const model = tracing?.watchModel(plainModel) ?? plainModel
  const persona = readPersona()
  const observe = metrics.chats
  const runTurn = createTurnRunner({ clock: systemClock, observe })
  return {
    model,
    forward,
    listModels,
    openChat(tools) {
      const chat = createChat({
        model,
        defaultModel: config.model.name,
        tools,
        approvals,
        persona,
        runTurn,
        clock: systemClock,
        log: log.child({ part: 'chat' }),
        observe,
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
