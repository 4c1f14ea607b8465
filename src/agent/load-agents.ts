import { resolve } from 'node:path'
import { listAgentFiles, readFault } from './_agent-folder.ts'
import type { AgentSpec } from './agent-spec.ts'
import type { SpecFault } from './errors.ts'
import type { AgentFile, AgentFileRules } from './read-agent-file.ts'
import { readAgentFile } from './read-agent-file.ts'

export type LoadAgentsOptions = AgentFileRules & {
  /** Folders with `agents/` in them. Files of the project stand over the user's, and these over the shipped ones. */
  readonly projectDir: string
  readonly userDir: string
  readonly shippedDir: string
}

/** An agent that can be used. */
export type LoadedAgent = {
  /** References have their values here: nobody shows more of it than names and numbers. */
  readonly spec: AgentSpec
  /** The file that declares it. */
  readonly source: string
  /** Files of lower folders that declare an agent of this name; nothing in them counts. */
  readonly overrides: readonly string[]
}

export type LoadedAgents = {
  /** Sorted by name. */
  readonly agents: readonly LoadedAgent[]
  readonly faults: readonly SpecFault[]
}

/**
 * Every agent that is declared: `agents/*.yml` and `*.yaml` of each folder, whole file over whole file by the name of
 * the agent. Never rejects: a broken file is told and harms no other. It takes the place of lower ones all the same, so
 * that nobody runs what somebody meant to replace. Where two files of one folder declare one name, neither counts.
 */
export async function loadAgents(options: LoadAgentsOptions): Promise<LoadedAgents> {
  const { projectDir, userDir, shippedDir, ...rules } = options
  const dirs = [projectDir, userDir, shippedDir].filter(
    (dir, index, all) => all.findIndex((other) => resolve(other) === resolve(dir)) === index,
  )
  const places = new Map<string, { readonly top: AgentFile; readonly below: string[] }>()
  const faults: SpecFault[] = []
  for (const dir of dirs) {
    const folder = await readFolder(dir, rules)
    faults.push(...folder.faults)
    for (const [name, top] of folder.byName) {
      const place = places.get(name)
      if (place === undefined) places.set(name, { top, below: [] })
      else place.below.push(top.file)
    }
  }
  const agents = [...places.values()].flatMap(({ top: { file, spec }, below }) =>
    spec === undefined ? [] : [{ spec, source: file, overrides: below }],
  )
  return { agents: agents.toSorted((a, b) => (a.spec.name < b.spec.name ? -1 : 1)), faults }
}

type Folder = { readonly byName: ReadonlyMap<string, AgentFile>; readonly faults: readonly SpecFault[] }

async function readFolder(dir: string, rules: AgentFileRules): Promise<Folder> {
  const byName = new Map<string, AgentFile>()
  const faults: SpecFault[] = []
  const paths = await listAgentFiles(dir).catch((error: unknown) => {
    faults.push(readFault(dir, error))
    return []
  })
  for (const path of paths) {
    const file = await readAgentFile(path, rules)
    faults.push(...file.faults)
    const other = byName.get(file.name)
    if (other === undefined) byName.set(file.name, file)
    else {
      const fact = `this folder has two files for an agent of this name; the other is ${other.file}`
      faults.push({ file: path, ...file.nameAt, path: 'name', fact })
      byName.set(file.name, { ...other, spec: undefined })
    }
  }
  return { byName, faults }
}
