import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import { agentsHere } from './_agent-files.ts'
import type { Finding } from './_finding.ts'
import { authorization } from './_http.ts'
import { readState } from './_kill-offline.ts'
import type { Probe } from './_probe.ts'
import { localUrl } from './_service.ts'
import type { CommandContext } from './command.ts'

type Env = CommandContext['env']

/** The files of agents: how many can be used, how many faults the others have. */
export async function checkAgents({ isEnabled, agents: { projectDir } }: Config, env: Env): Promise<Finding> {
  const name = 'agents'
  const { agents, faults } = await agentsHere(env)
  const used = `${agents.length} can be used${isEnabled ? '' : '; none runs without OTTO_ENABLED=true'}`
  if (faults.length === 0) return { level: 'ok', name, detail: used }
  const files = new Set(faults.map(({ file }) => file)).size
  const detail = `${faults.length} faults in ${files} files of ${projectDir} and below; ${used}`
  return { level: 'warn', name, detail, next: 'otto agent validate tells each.' }
}

/** What searches the folders of agents. The built-in search gives the same answers, only slower. */
export async function checkSearch({ agents: { variables } }: Config): Promise<Finding> {
  const folders = (variables['PATH'] ?? '').split(delimiter).filter((folder) => isAbsolute(folder))
  const file = process.platform === 'win32' ? 'rg.exe' : 'rg'
  const found = await Promise.all(folders.map((folder) => isProgram(join(folder, file))))
  const path = folders[found.indexOf(true)]
  const detail = path === undefined ? 'no ripgrep on PATH; the built-in one is used' : `ripgrep at ${join(path, file)}`
  return { level: 'ok', name: 'search', detail }
}

const isProgram = (path: string): Promise<boolean> =>
  access(path, constants.X_OK).then(
    () => true,
    () => false,
  )

const State = z.object({ isOn: z.boolean(), sources: z.array(z.string()), reason: z.string().nullable() })

/**
 * The kill switch: by the service that runs here, or as it would stand if one started now.
 * @param isServing a service answers on the port of these settings
 */
export async function checkKill(config: Config, env: Env, probe: Probe, isServing: boolean): Promise<Finding> {
  const name = 'kill switch'
  const state = isServing ? await askService(config, env, probe) : await readStored(config)
  if (typeof state === 'string') return { level: 'warn', name, detail: `not known: ${state}`, next: 'otto kill status' }
  if (!state.isOn) return { level: 'ok', name, detail: 'off' }
  const why = state.reason === null ? '' : `: ${state.reason}`
  return { level: 'warn', name, detail: `on (${state.sources.join(', ')})${why}`, next: 'otto kill off' }
}

/** @returns how it stands, or why nobody knows */
async function askService({ http }: Config, env: Env, probe: Probe): Promise<z.output<typeof State> | string> {
  const seen = await probe.get(`${localUrl(http)}/api/v1/kill`, { headers: await authorization(env) })
  if (seen.failure !== undefined) return seen.failure
  return State.safeParse(seen.json).data ?? `the service answers ${seen.status}`
}

/** A database that another process has open is no fault: where that is a service, it knows. */
async function readStored(config: Config): Promise<z.output<typeof State> | string> {
  try {
    return State.parse(await readState(config))
  } catch (error) {
    if (error instanceof BaseError) return error.message
    throw error
  }
}
