import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Logger } from 'pino'
import type { Chat, MayDecide } from './chat/chat.ts'
import type { ChatDeps } from './chat/create-chat.ts'
import { createDeferredChat } from './chat/deferred-chat.ts'
import type { Persona } from './chat/persona.ts'
import { parsePersona } from './chat/persona.ts'
import type { Config } from './config.ts'
import type { Forward, LanguageModel } from './llm/language-model.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { ModelServer } from './open-model.ts'
import { openModel } from './open-model.ts'
import { KillSwitchError } from './policy/errors.ts'
import type { KillGuard } from './policy/kill-switch.ts'
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
  readonly kill: KillGuard
  /** The agent that chats; undefined where no agents run. */
  readonly otter: Otter | undefined
}

/** The otter as an agent: its file, where it can be used, and the way to put a model inside its budgets. */
export type Otter = {
  readonly spec: (Persona & { readonly model: string }) | undefined
  limit(model: LanguageModel): ChatDeps['limit']
}

/** Opens the way to the model; nothing is asked of it yet. @throws PersonaInvalidError, WalletFileError for a key's file */
export async function openChatParts(config: Config, deps: Deps): Promise<ChatParts> {
  const { log, metrics, tracing, approvals, kill, otter } = deps
  const chatLog = log.child({ part: 'chat' })
  const noteBreaker = (state: 'open' | 'closed') =>
    chatLog[state === 'open' ? 'warn' : 'info']({ upstream: 'model', state }, 'circuit breaker')
  const { model: plainModel, forward, ...server } = await openModel(config, noteBreaker)
  metrics.watchBreaker('model', server.breaker)
  const model = stopBy(kill, tracing?.watchModel(plainModel) ?? plainModel)
  const limit = otter?.limit(model)
  const persona = otter?.spec ?? readPersona(config.agents)
  const defaultModel = modelOf(config, otter)
  const observe = metrics.chats
  return {
    ...server,
    model,
    forward: forward && stopForward(kill, forward),
    openChat(tools, mayDecide) {
      const chat = createDeferredChat(defaultModel, async () => {
        const [{ createChat }, { createTurnRunner }] = await Promise.all([
          import('./chat/create-chat.ts'),
          import('./llm/loop.ts'),
        ])
        const [clock, newId] = [systemClock, randomId]
        const runTurn = createTurnRunner({ clock, observe })
        return createChat({
          model,
          limit,
          defaultModel,
          tools: offered(tools, persona),
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

/** A model that is not asked while the kill switch is on. */
const stopBy = (kill: KillGuard, model: LanguageModel): LanguageModel => ({
  ...model,
  async *chat(request, options) {
    if (kill.isOn()) throw new KillSwitchError()
    yield* model.chat(request, options)
  },
})

/** The same for what goes by the loop: whatever makes a model work is a POST. */
const stopForward =
  (kill: KillGuard, forward: Forward): Forward =>
  async (request) => {
    if (kill.isOn() && request.method === 'POST' && request.path !== '/api/show') throw new KillSwitchError()
    return forward(request)
  }

/** What the otter's file grants it, where that says so. */
function offered(tools: ToolCatalog, { tools: granted }: Persona): ToolCatalog {
  if (granted === undefined) return tools
  return { ...tools, list: () => tools.list().filter(({ name }) => granted.includes(name)) }
}

/** The otter's file: the project's, in the folder where the service was started; else the one that the package brings. */
function readPersona({ projectDir }: Config['agents']): Persona {
  const own = join(projectDir, 'agents', 'otto.yml')
  const shipped = fileURLToPath(new URL('../.otto/agents/otto.yml', import.meta.url))
  return parsePersona(readFileSync(existsSync(own) ? own : shipped, 'utf8'))
}

/** A model of the environment stands over the one of the otter's file. */
const modelOf = ({ model, agents }: Config, otter: Otter | undefined): string =>
  agents.variables['OTTO_MODEL'] === undefined ? (otter?.spec?.model ?? model.name) : model.name
