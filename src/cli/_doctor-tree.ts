import { z } from 'zod'
import { parseConfig } from '../config.ts'
import { agencyParts } from '../open-agents.ts'
import { agentsHere } from './_agent-files.ts'
import { createService, localUrl } from './_service.ts'
import type { CommandContext } from './command.ts'

/** What is read of `GET /api/v1/stats`. */
const Stats = z.object({ parts: z.array(z.object({ path: z.string(), state: z.string(), restarts: z.int() })) })

/**
 * Prints the supervised parts of the service, or where none runs here those that would start.
 * @param url of a service; that of these settings unless told
 * @throws CallFailedError for a service that does not tell, ConfigInvalidError
 */
export async function printTree(url: string | undefined, context: CommandContext): Promise<void> {
  const { env, out } = context
  const address = url ?? localUrl(parseConfig(env).http)
  const service = await createService(address, context)
  try {
    if (url !== undefined || (await service.isThere())) {
      const { parts } = await service.read('/api/v1/stats', Stats)
      for (const { path, state, restarts } of parts)
        out(lineOf(path, restarts === 0 ? state : `${state}, started again ${restarts} times`))
      return
    }
  } finally {
    await service.close()
  }
  out(`No service runs at ${address}. One with these settings would start:`)
  const { agents } = await agentsHere(env)
  for (const part of agencyParts) out(lineOf(part, part === 'agents' ? 'each when it is first asked' : ''))
  for (const { spec } of agents) out(lineOf(`agents/${spec.name}`, `${spec.isolation}, ${spec.provider} ${spec.model}`))
}

/** `  otto  running`, further in by two the deeper it stands. */
function lineOf(path: string, said: string): string {
  const names = path.split('/')
  return `${'  '.repeat(names.length - 1)}${names.at(-1) ?? ''}${said === '' ? '' : `  ${said}`}`
}
