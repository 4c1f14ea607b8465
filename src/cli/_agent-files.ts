import { fileURLToPath } from 'node:url'
import type { SpecFault } from '../agent/errors.ts'
import { ConfigError } from '../agent/errors.ts'
import type { LoadedAgents } from '../agent/load-agents.ts'
import { loadAgents } from '../agent/load-agents.ts'
import type { AgentFileRules } from '../agent/read-agent-file.ts'
import { readAgentFile } from '../agent/read-agent-file.ts'
import { parseConfig } from '../config.ts'
import { knownTools } from './_known-tools.ts'
import { toTable } from './_table.ts'
import type { CommandContext } from './command.ts'

type Env = CommandContext['env']

/** Every agent that a service with these settings would have, by the files alone. @throws ConfigInvalidError */
export async function agentsHere(env: Env): Promise<LoadedAgents> {
  const { projectDir, userDir } = parseConfig(env).agents
  const shippedDir = fileURLToPath(new URL('../../.otto', import.meta.url))
  return loadAgents({ ...(await rulesHere(env)), projectDir, userDir, shippedDir })
}

async function rulesHere(env: Env): Promise<AgentFileRules> {
  const { projectDir, variables } = parseConfig(env).agents
  return { variables, tools: await knownTools(projectDir) }
}

/** Prints who there is; `isWhy` adds the files that do not count. @returns the exit code */
export async function listAgents(
  { isWhy, isJson }: { readonly isWhy: boolean; readonly isJson: boolean },
  { env, out, err }: CommandContext,
): Promise<number> {
  const { agents, faults } = await agentsHere(env)
  if (isJson) {
    const listed = agents.map(({ spec, source, overrides }) => {
      const { name, provider, model, tools, permissions } = spec
      return { name, provider, model, tools, permissions, source, overrides }
    })
    out(JSON.stringify({ agents: listed, faults }, null, 2))
    return 0
  }
  const rows = agents.map(({ spec, source }) => [
    spec.name,
    `${spec.provider} ${spec.model}`,
    String(spec.tools.length),
    source,
  ])
  const lines = toTable(['name', 'model', ' tools', 'file'], rows)
  for (const [index, line] of lines.entries()) {
    out(line)
    if (isWhy) for (const file of agents[index - 1]?.overrides ?? []) out(`  over ${file}`)
  }
  if (faults.length > 0) err(`otto agent: ${count(faults.length, 'fault')} in files; otto agent validate tells them.`)
  return 0
}

/** Prints what is wrong with these files, or with all that count here. @returns the exit code */
export async function validateAgents(
  files: readonly string[],
  { isWhy }: { readonly isWhy: boolean },
  { env, out, err }: CommandContext,
): Promise<number> {
  const { agents, faults } = files.length === 0 ? await agentsHere(env) : await readEach(files, await rulesHere(env))
  if (isWhy)
    for (const { spec, source, overrides } of agents)
      out([`${spec.name} from ${source}`, ...overrides.map((file) => `over ${file}`)].join(', '))
  if (faults.length > 0) err(new ConfigError(faults).message)
  else out(`${count(agents.length, 'agent')}, no fault`)
  return faults.length > 0 ? 1 : 0
}

async function readEach(files: readonly string[], rules: AgentFileRules): Promise<LoadedAgents> {
  const read = await Promise.all(files.map((file) => readAgentFile(file, rules)))
  const faults: readonly SpecFault[] = read.flatMap((file) => file.faults)
  const agents = read.flatMap(({ file, spec }) => (spec === undefined ? [] : [{ spec, source: file, overrides: [] }]))
  return { agents, faults }
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`
