import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createOtto } from '../../src/otto.ts'

/**
 * Otto inside this process with so many agents, `agent-0` and on, in a folder of its own. The script answers them, so that
 * what is measured is ours.
 */
export async function startAgents(folder: string, count: number) {
  const agents = join(folder, '.otto', 'agents')
  await mkdir(agents, { recursive: true })
  const names = Array.from({ length: count }, (_, at) => `agent-${at}`)
  for (const name of names)
    await writeFile(
      join(agents, `${name}.yml`),
      `name: ${name}\nprovider: scripted\nmodel: script\nsystem_prompt: You greet.\nconcurrency: 64\nqueue: 10000\n`,
    )
  const otto = createOtto({
    env: {
      OTTO_DATA_DIR: join(folder, 'var'),
      OTTO_PROJECT_DIR: join(folder, '.otto'),
      OTTO_USER_DIR: join(folder, 'user'),
      OTTO_CONTEXT_MB: '1', // full after the warm-up: what fills it then is no growth
    },
  })
  return { names, parts: await otto.start(), stop: otto.stop }
}

/** Who asks in a bench. */
export const caller = { traceId: 'bench', principal: 'bench', signal: new AbortController().signal }
