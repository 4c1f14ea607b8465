import type { Provider } from './agent/agent-spec.ts'
import type { Config } from './config.ts'
import type { Breaker } from './core/breaker.ts'
import type { Log } from './core/log.ts'
import { breakModel } from './llm/breaking-model.ts'
import type { LanguageModel, OnTransient } from './llm/language-model.ts'
import { readModelKey } from './open-model.ts'
import { systemClock } from './system.ts'

/** What is counted about the servers. Returns at once, never throws. */
export type ModelsObserver = {
  /** A server was opened behind this breaker. */
  watchBreaker(provider: Provider, breaker: Breaker): void
  transient(provider: Provider, outcome: Parameters<OnTransient>[0]): void
}

/** The model servers that agents name. */
export type Models = {
  /**
   * The server of a provider, behind a breaker of its own; opened when it is first asked for, and nothing is asked of it
   * then. A failure is not remembered.
   * @throws as readModelKey does; or as `loadScripted` does
   */
  of(provider: Provider): Promise<LanguageModel>
  /** Closes those that were opened. */
  close(): Promise<void>
}

type Deps = {
  readonly log: Log
  readonly metrics?: ModelsObserver
  /** The script that stands in for a model, as one. */
  readonly loadScripted: () => Promise<LanguageModel>
}

/** Opens each server once, when somebody wants it: a service without a key starts, and says so when the key is needed. */
export function openModels({ model }: Pick<Config, 'model'>, { log, metrics, loadScripted }: Deps): Models {
  const opened = new Map<Provider, Promise<LanguageModel>>()

  const open = async (provider: Provider): Promise<LanguageModel> => {
    if (provider === 'scripted') return loadScripted()
    const plain = await openServer({ model }, provider, (outcome) => metrics?.transient(provider, outcome))
    const broken = breakModel(plain, {
      clock: systemClock,
      onChange: (state) => log[state === 'open' ? 'warn' : 'info']({ upstream: provider, state }, 'circuit breaker'),
    })
    metrics?.watchBreaker(provider, broken.breaker)
    return broken.model
  }
  return {
    of(provider) {
      const known = opened.get(provider)
      if (known !== undefined) return known
      const opening = open(provider)
      opened.set(provider, opening)
      opening.catch(() => opened.delete(provider)) // whoever asked hears of it; the next one tries anew
      return opening
    },
    async close() {
      const all = await Promise.allSettled(opened.values())
      opened.clear()
      await Promise.all(all.map(async (one) => one.status === 'fulfilled' && one.value.close()))
    },
  }
}

async function openServer(
  { model }: Pick<Config, 'model'>,
  provider: Exclude<Provider, 'scripted'>,
  onTransient: OnTransient,
): Promise<LanguageModel> {
  const common = { clock: systemClock, random: Math.random, onTransient }
  if (provider === 'ollama') {
    const { createOllama } = await import('./llm/ollama.ts')
    return createOllama({ ...common, url: model.ollamaUrl, numCtx: model.numCtx })
  }
  const apiKey = await readModelKey({ model }, provider)
  const key = apiKey === undefined ? {} : { apiKey }
  if (provider === 'openai') {
    const { createOpenAi } = await import('./llm/openai.ts')
    return createOpenAi({ ...common, ...key, url: model.openAiUrl })
  }
  const { createAnthropic } = await import('./llm/anthropic.ts')
  return createAnthropic({ ...common, ...key, url: model.anthropicUrl })
}
