/**
 * Starts the service with the environment's settings, calls a tool, stops, and prints which packages of OpenTelemetry
 * were loaded meanwhile: a process of its own, since a test's has loaded them itself.
 */
import { registerHooks } from 'node:module'
import { pino } from 'pino'

const loaded = new Set<string>()
registerHooks({
  load(url, context, nextLoad) {
    const [, name] = /\/@opentelemetry\/([^/]+)\//.exec(url) ?? []
    if (name !== undefined) loaded.add(name)
    return nextLoad(url, context)
  },
})

// Only now: what a module imports is loaded before its first line runs.
const { parseConfig } = await import('../../src/config.ts')
const { startOtto } = await import('../../src/main.ts')
const { client } = await import('../e2e/_service.ts')
const otto = await startOtto(parseConfig(process.env), pino({ level: 'silent' }))
await client(otto.url).result('ttt_create_game')
await otto.close()
process.stdout.write(JSON.stringify([...loaded].sort()), () => process.exit())
