import { ToolExistsError, UnknownToolError } from './errors.ts'
import type { ListedTool, Tool } from './tool.ts'

/** Tools by name and alias, and who was granted which: look-ups are hits in a Map. */
export type Registry = {
  /** By name or alias. */
  find(name: string): Tool | undefined
  /** The same without its function, for whoever may only look. */
  listed(name: string): ListedTool | undefined
  all(): readonly ListedTool[]
  /** @throws ToolExistsError */
  register(tool: Tool, options?: { readonly replace?: boolean }): void
  unregister(name: string): boolean
  /** @throws UnknownToolError */
  grant(agentId: string, name: string): void
  revoke(agentId: string, name: string): void
  grantsOf(agentId: string): ReadonlySet<string>
}

type Entry = { readonly tool: Tool; readonly listed: ListedTool }

const noGrants: ReadonlySet<string> = new Set()

/** @throws ToolExistsError when two of the tools have one name */
export function createRegistry(tools: readonly Tool[]): Registry {
  const byName = new Map<string, Entry>()
  const byAlias = new Map<string, Entry>()
  // Bounded by the agents that there are: an agent's set goes with its last grant.
  const grants = new Map<string, Set<string>>()

  const entryOf = (name: string) => byName.get(name) ?? byAlias.get(name)
  const nameOf = (name: string) => entryOf(name)?.tool.description.name

  const register: Registry['register'] = (tool, { replace = false } = {}) => {
    const { name } = tool.description
    const earlier = byName.get(name)
    if (earlier !== undefined && !replace) throw new ToolExistsError(name)
    const taken = [name, ...tool.aliases].find((word) => ![undefined, earlier].includes(entryOf(word)))
    if (taken !== undefined) throw new ToolExistsError(taken)
    for (const alias of earlier?.tool.aliases ?? []) byAlias.delete(alias)
    const { description, permission, sandbox, origin, aliases } = tool
    const entry = { tool, listed: { description, permission, sandbox, origin, aliases } }
    byName.set(name, entry)
    for (const alias of aliases) byAlias.set(alias, entry)
  }
  for (const tool of tools) register(tool)

  return {
    find: (name) => entryOf(name)?.tool,
    listed: (name) => entryOf(name)?.listed,
    all: () => [...byName.values()].map(({ listed }) => listed),
    register,
    unregister(name) {
      for (const alias of byName.get(name)?.tool.aliases ?? []) byAlias.delete(alias)
      return byName.delete(name)
    },
    grant(agentId, name) {
      const granted = nameOf(name)
      if (granted === undefined) throw new UnknownToolError([...byName.keys()])
      const held = grants.get(agentId) ?? new Set()
      grants.set(agentId, held.add(granted))
    },
    revoke(agentId, name) {
      const held = grants.get(agentId)
      held?.delete(nameOf(name) ?? name) // a tool that is gone keeps its grants until they are taken back
      if (held?.size === 0) grants.delete(agentId)
    },
    grantsOf: (agentId) => grants.get(agentId) ?? noGrants,
  }
}
