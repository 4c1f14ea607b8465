import type { Config } from '../config.ts'
import { parseConfig } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import { openModel } from '../open-model.ts'
import { modelAddress } from './_model-address.ts'
import { startScripted } from './_start-scripted.ts'
import type { CommandContext } from './command.ts'

/** Settings under which a service has a model to ask, and what was started for it. */
export type SomeModel = AsyncDisposable & { readonly env: CommandContext['env'] }

/**
 * The settings as they are where their model server answers; else with a scripted one of this process in its place, and a
 * line that says so.
 * @param alsoNamed models that are asked for by name: the script answers to them
 * @throws WalletFileError for a key's file, ListenFailedError
 */
export async function withSomeModel(
  { env, out, signal }: CommandContext,
  alsoNamed: readonly string[] = [],
): Promise<SomeModel> {
  const config = parseConfig(env)
  if (await answers(config, signal)) return { env, [Symbol.asyncDispose]: async () => {} }
  out(`no model server at ${modelAddress(config)}: a scripted one plays; it is no language model`)
  const server = await startScripted({ port: 0, alsoNamed })
  return {
    env: { ...env, OTTO_MODEL_PROVIDER: 'ollama', OLLAMA_URL: server.url, OTTO_MODEL: 'otto-scripted' },
    [Symbol.asyncDispose]: () => server.close(),
  }
}

async function answers(config: Config, signal: AbortSignal): Promise<boolean> {
  const { model: server } = await openModel(config)
  try {
    await server.ping({ signal })
    return true
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    return false
  } finally {
    await server.close()
  }
}
