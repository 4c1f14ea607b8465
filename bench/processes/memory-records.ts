/**
 * Loaded before the service (`--import`): its intents and request keys are only remembered, in the place of the database.
 * Only for the bench: the service itself has no such switch.
 */
import { registerHooks } from 'node:module'

const url = new URL('./_memory-records.ts', import.meta.url).href

registerHooks({
  resolve(specifier, context, next) {
    const resolved = next(specifier, context)
    const isOurs = context.parentURL?.includes('/bench/') === true
    if (isOurs || !resolved.url.endsWith('/src/open-records.ts')) return resolved
    return { ...resolved, url, format: 'module-typescript' }
  },
})
