import type { ModelTool } from './language-model.ts'

/** The names of tools as OpenAI and Anthropic take them: 1 to 64 of A–Z, a–z, 0–9, `_` and `-`. */
export type WireNames = {
  /** The tools under those names; the same array where all names were fit. */
  readonly tools: readonly ModelTool[]
  /** Of a call in the history; its tool may not be offered any more. */
  encode(name: string): string
  /** Undoes `encode` for the tools that are offered; any other name stays as the model wrote it. */
  decode(name: string): string
}

const maxChars = 64
const isFit = (name: string): boolean => /^[\w-]{1,64}$/.test(name)
const cleaned = (name: string): string => name.replace(/[^\w-]/g, '_').slice(0, maxChars) || '_'

/** Made once a list: the same list goes up with every question. */
const made = new WeakMap<readonly ModelTool[], WireNames>()

/**
 * Names for the wire, no two alike: those that fit stay, of the others each character that does not becomes `_`.
 * @example wireNames([{ name: 'fs.read', … }]).encode('fs.read') // 'fs_read'
 */
export function wireNames(tools: readonly ModelTool[]): WireNames {
  const known = made.get(tools)
  if (known !== undefined) return known
  const wire = new Map(tools.filter(({ name }) => isFit(name)).map(({ name }) => [name, name]))
  const taken = new Set(wire.values())
  for (const { name } of tools) {
    if (wire.has(name)) continue
    const fit = freeName(cleaned(name), taken)
    taken.add(fit)
    wire.set(name, fit)
  }
  const own = new Map([...wire].map(([name, fit]) => [fit, name]))
  const encode = (name: string): string => wire.get(name) ?? cleaned(name)
  const names: WireNames = {
    tools: tools.every(({ name }) => isFit(name)) ? tools : tools.map((tool) => ({ ...tool, name: encode(tool.name) })),
    encode,
    decode: (name) => own.get(name) ?? name,
  }
  made.set(tools, names)
  return names
}

function freeName(wanted: string, taken: ReadonlySet<string>): string {
  let name = wanted
  for (let nth = 2; taken.has(name); nth++) name = `${wanted.slice(0, maxChars - 5)}_${nth}`
  return name
}
