import type { Config } from '../config.ts'

/** Where the model server of these settings is, without what may be a password in the address. */
export function modelAddress({ model }: Pick<Config, 'model'>): string {
  const { origin, pathname } = new URL(model.provider === 'ollama' ? model.ollamaUrl : model.openAiUrl)
  return `${origin}${pathname.replace(/\/+$/, '')}`
}
