import { z } from 'zod'
import { credentialsIn } from './_credentials.ts'
import { nearNames } from './_near-names.ts'
import type { Path, PlacedFault, YamlFile } from './_yaml.ts'
import { AgentSpec } from './agent-spec.ts'

type Issue = z.core.$ZodIssue

/** What the schema of agents finds wrong, each where it stands in the file. No value is told, only names. */
export const specFaults = (issues: readonly Issue[], file: YamlFile): readonly PlacedFault[] =>
  issues.flatMap((issue) => {
    const path = plainPath(issue.path)
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue.keys, path, file)
    const isMissing = issue.code === 'invalid_type' && !isThere(file.value, path)
    const offset = issue.code === 'invalid_key' ? file.keyOffsetOf(path) : file.offsetOf(path)
    return [{ offset, path, fact: isMissing ? 'it is missing' : factOf(issue) }]
  })

/** `there is no tool named fs.raed; fs.read is near`. A name that a reference gave is not told. */
export function unknownName(what: string, name: string | undefined, names: readonly string[]): string {
  if (name === undefined) return `there is no ${what} of the name that stands there`
  const near = nearNames(name, names)
  const nearby = near.length === 0 ? '' : `; ${near.join(' and ')} ${near.length === 1 ? 'is' : 'are'} near`
  return `there is no ${what} named ${shown(name)}${nearby}`
}

/** A word of a file as it may be printed: short, nothing in it that moves a cursor or hides, and no credential. */
export const shown = (word: string): string =>
  credentialsIn(word).length > 0
    ? '…'
    : /^[\w.:*-]{1,64}$/.test(word)
      ? word
      : JSON.stringify(word.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, '?').slice(0, 64))

/** More of them in one map are not told. */
const maxUnknownKeys = 50

function unknownKeys(keys: readonly string[], path: Path, file: YamlFile): readonly PlacedFault[] {
  const known = keysAt(path)
  return keys.slice(0, maxUnknownKeys).map((key) => {
    const at = [...path, key]
    return { offset: file.keyOffsetOf(at), path: at, fact: unknownName('member', key, known) }
  })
}

/** The path of a finding of zod, which could have symbols in it; ours have none. */
export const plainPath = (path: readonly PropertyKey[]): Path =>
  path.map((key) => (typeof key === 'number' ? key : String(key)))

function isThere(value: unknown, path: Path): boolean {
  let at = value
  for (const key of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, key)) return false
    at = Reflect.get(at, key)
  }
  return true
}

/** The members that a map may have, by the JSON Schema of the whole. */
function keysAt(path: Path): readonly string[] {
  let schema: unknown = z.toJSONSchema(AgentSpec, { io: 'input' })
  for (const key of path) {
    const properties = memberOf(schema, 'properties')
    const inner = typeof key === 'number' ? memberOf(schema, 'items') : memberOf(properties, key)
    schema = inner ?? memberOf(schema, 'additionalProperties')
  }
  return Object.keys(memberOf(schema, 'properties') ?? {})
}

const memberOf = (value: unknown, key: string): object | undefined => {
  const member = typeof value === 'object' && value !== null && Object.hasOwn(value, key) && Reflect.get(value, key)
  return typeof member === 'object' && member !== null ? member : undefined
}

const nouns: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
}
const unitOf = (origin: string): string => (origin === 'string' ? ' characters' : origin === 'array' ? ' items' : '')

function factOf(issue: Issue): string {
  if (issue.code === 'invalid_type') return `must be ${nouns[issue.expected] ?? issue.expected}`
  if (issue.code === 'invalid_value') return `must be one of ${issue.values.map(String).join(', ')}`
  if (issue.code === 'too_big')
    return `must be ${issue.inclusive === false ? 'less than' : 'at most'} ${issue.maximum}${unitOf(issue.origin)}`
  if (issue.code === 'too_small')
    return `must be ${issue.inclusive === false ? 'more than' : 'at least'} ${issue.minimum}${unitOf(issue.origin)}`
  if (issue.code === 'invalid_key') return `this name ${issue.issues.map(factOf).join(', ')}`
  if (issue.code === 'invalid_format' && issue.message.startsWith('Invalid')) return `must match ${issue.pattern}`
  return issue.message
}
