import { basename, extname } from 'node:path'
import { RE2JS } from 're2js'
import { z } from 'zod'
import { readFault, readTextFile } from './_agent-folder.ts'
import { credentialFact, credentialsIn, isNamedCredential } from './_credentials.ts'
import type { References } from './_interpolate.ts'
import { interpolate } from './_interpolate.ts'
import { plainPath, shown, specFaults, unknownName } from './_spec-faults.ts'
import type { Path, PlacedFault, YamlFile, YamlText } from './_yaml.ts'
import { keyOf, readYaml, replaceTexts } from './_yaml.ts'
import { AgentSpec } from './agent-spec.ts'
import type { SpecFault } from './errors.ts'

/** What files of agents are read by. */
export type AgentFileRules = {
  /** What `${NAME}` stands for; an empty one counts as not set. */
  readonly variables: References['variables']
  /** Names of all tools, aliases among them. */
  readonly tools: readonly string[]
  /** The text of a file of at most so many bytes: of `${file:/path}`, and of what declares agents. The disk's unless told. */
  readonly readFile?: References['readFile']
}

/** What one file declares. */
export type AgentFile = {
  readonly file: string
  /** Where nothing can be read of it, the name of the file without its ending. */
  readonly name: string
  readonly nameAt: Pick<SpecFault, 'line' | 'column'>
  /** Undefined where there are faults. */
  readonly spec: AgentSpec | undefined
  /** In the order of their places; at most 50, and none tells a value. */
  readonly faults: readonly SpecFault[]
}

const maxFileBytes = 256 * 1024
const maxFaults = 50

/** Reads and checks the file of one agent. Never rejects: what is wrong is a fault, with its place. */
export async function readAgentFile(file: string, rules: AgentFileRules): Promise<AgentFile> {
  const references = { variables: rules.variables, readFile: rules.readFile ?? readTextFile }
  let text: string
  try {
    text = await references.readFile(file, maxFileBytes)
  } catch (error) {
    return { ...unread(file), spec: undefined, faults: [readFault(file, error)] }
  }
  const yaml = readYaml(text)
  const given = await resolveTexts(yaml.texts, references)
  const value = replaceTexts(yaml.value, (path, plain) => given.values.get(keyOf(path)) ?? plain)
  const { spec, issues } = parseSpec(value, given.values)
  const faults = placed(file, yaml, [
    ...yaml.faults,
    ...credentialFaults(text, yaml.texts),
    ...given.faults,
    ...(value === undefined ? [] : specFaults(issues, { ...yaml, value })),
    ...toolFaults(value, yaml, { given: given.values, tools: rules.tools }),
    ...patternFaults(value, yaml),
  ])
  return { ...unread(file), ...declaredName(value, yaml), spec: faults.length === 0 ? spec : undefined, faults }
}

const unread = (file: string) => ({ file, name: basename(file, extname(file)), nameAt: { line: 1, column: 1 } })

function declaredName(value: unknown, { offsetOf, positionOf }: YamlFile) {
  const { success, data } = Named.safeParse(value)
  return success ? { name: data.name, nameAt: positionOf(offsetOf(['name'])) } : {}
}
const Named = z.object({ name: AgentSpec.shape.name })

/** What references gave, by place. */
type Given = ReadonlyMap<string, string>

async function resolveTexts(texts: readonly YamlText[], references: References) {
  const values = new Map<string, string>()
  const faults: PlacedFault[] = []
  for (const { path, start, text } of texts) {
    const found = await interpolate(text, references)
    faults.push(...found.faults.map((fact) => ({ offset: start, path, fact })))
    if (found.hasReferences && found.faults.length === 0) values.set(keyOf(path), found.text)
  }
  return { values, faults }
}

/** A text that a reference gave is read as a number or a boolean where one is wanted: variables are always text. */
function parseSpec(value: unknown, given: Given) {
  const first = AgentSpec.safeParse(value)
  const wanted = new Map(
    (first.error?.issues ?? []).flatMap((issue) => {
      const key = keyOf(plainPath(issue.path))
      return issue.code === 'invalid_type' && given.has(key) ? [[key, issue.expected] as const] : []
    }),
  )
  const coerced = replaceTexts(value, (path, text) => coerce(text, wanted.get(keyOf(path))))
  const { data: spec, error } = wanted.size === 0 ? first : AgentSpec.safeParse(coerced)
  return { spec, issues: error?.issues ?? [] }
}

function coerce(text: string, wanted: string | undefined): unknown {
  const isNumber = /^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)
  if ((wanted === 'number' || wanted === 'int') && isNumber) return Number(text)
  if (wanted === 'boolean' && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function credentialFaults(text: string, texts: readonly YamlText[]): readonly PlacedFault[] {
  const fact = credentialFact
  const shaped = credentialsIn(text).map((offset) => {
    const path = texts.find(({ start, end }) => start <= offset && offset < end)?.path ?? []
    return { offset, path, fact }
  })
  const named = texts.flatMap(({ path, start, text: plain }) => {
    const key = path.findLast((part) => typeof part === 'string') ?? ''
    return isNamedCredential(key, plain) ? [{ offset: start, path, fact }] : []
  })
  return [...shaped, ...named]
}

function toolFaults(
  value: unknown,
  { offsetOf }: YamlFile,
  { given, tools }: { given: Given; tools: readonly string[] },
) {
  return textsIn(value, 'tools').flatMap(([path, name]) => {
    if (tools.includes(name)) return []
    const told = given.has(keyOf(path)) ? undefined : name
    return [{ offset: offsetOf(path), path, fact: unknownName('tool', told, tools) }]
  })
}

/** What is redacted by expressions that take linear time is checked by the same engine. */
const patternFaults = (value: unknown, { offsetOf }: YamlFile): readonly PlacedFault[] =>
  textsIn(value, 'redact').flatMap(([path, pattern]) => {
    try {
      RE2JS.compile(pattern)
      return []
    } catch {
      return [{ offset: offsetOf(path), path, fact: 'it is no regular expression of RE2' }]
    }
  })

/** The texts of a list at the root of a file. */
function textsIn(value: unknown, key: string): readonly (readonly [Path, string])[] {
  const list = typeof value === 'object' && value !== null && Object.hasOwn(value, key) ? Reflect.get(value, key) : []
  if (!Array.isArray(list)) return []
  return list.flatMap((item, index) => (typeof item === 'string' ? [[[key, index], item] as const] : []))
}

/** In the order of the file, the first of each path: what came after it says the same again, or follows from it. */
function placed(file: string, { positionOf }: YamlFile, found: readonly PlacedFault[]): readonly SpecFault[] {
  const seen = new Set<string>()
  const firsts = found.filter(({ path, offset }) => {
    const key = path.length === 0 ? String(offset) : keyOf(path)
    const isNew = !seen.has(key)
    seen.add(key)
    return isNew
  })
  return firsts
    .toSorted((a, b) => a.offset - b.offset)
    .slice(0, maxFaults)
    .map(({ offset, path, fact }) => ({ file, ...positionOf(offset), path: path.map(shownPart).join('.'), fact }))
}

const shownPart = (part: string | number): string => (typeof part === 'number' ? String(part) : shown(part))
