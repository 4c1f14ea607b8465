import type { Document, Node, Pair } from 'yaml'
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument } from 'yaml'

/** From the root of a file to a value in it. */
export type Path = readonly (string | number)[]

/** A value that is text, as it stands before anything in it is replaced. `end` is behind its last character. */
export type YamlText = { readonly path: Path; readonly start: number; readonly end: number; readonly text: string }

/** What is wrong with a place of a file. */
export type PlacedFault = { readonly offset: number; readonly path: Path; readonly fact: string }

/** A YAML file as plain values, and where each of them stands. */
export type YamlFile = {
  /** Maps, lists, text, numbers, booleans and null; undefined where the text is no YAML that is taken here. */
  readonly value: unknown
  /** Every text of `value`, in the order of the file. */
  readonly texts: readonly YamlText[]
  readonly faults: readonly PlacedFault[]
  /** Where a value begins, or the innermost map or list around it that is there. */
  offsetOf(path: Path): number
  /** Where its key begins; where the value does, if it has none. */
  keyOffsetOf(path: Path): number
  /** Both begin at 1. */
  positionOf(offset: number): { readonly line: number; readonly column: number }
}

/** Deeper than anything that is declared. It also bounds the recursion below. */
const maxDepth = 32

/**
 * Reads a YAML text of one document, with plain values only: no tags, no anchors and aliases (they make a small file
 * huge), no key twice. Never throws: what is not taken is a fault.
 * @see YAML 1.2.2 §10.3, the core schema
 */
export function readYaml(text: string): YamlFile {
  const lines = new LineCounter()
  const document = parseDocument(text, {
    lineCounter: lines,
    schema: 'core',
    resolveKnownTags: false,
    merge: false,
    uniqueKeys: false, // the walk looks for them: the parser compares each key with each
    prettyErrors: false, // their texts quote the file, and a secret may stand there
  })
  const broken = syntaxFaults(document)
  const walk = broken.length > 0 ? undefined : createWalk()
  const value = walk?.visit(document.contents, [])
  const faults = walk?.faults ?? broken
  const offsetOf = (path: Path): number =>
    walk?.values.get(keyOf(path)) ?? (path.length === 0 ? 0 : offsetOf(path.slice(0, -1)))
  return {
    value,
    texts: walk?.texts ?? [],
    faults,
    offsetOf,
    keyOffsetOf: (path) => walk?.keys.get(keyOf(path)) ?? offsetOf(path),
    positionOf(offset) {
      const { line, col } = lines.linePos(offset)
      return { line: Math.max(1, line), column: Math.max(1, col) }
    },
  }
}

/** The same value with other texts in their places. */
export function replaceTexts(value: unknown, replace: (path: Path, text: string) => unknown, path: Path = []): unknown {
  if (typeof value === 'string') return replace(path, value)
  if (Array.isArray(value)) return value.map((item, index) => replaceTexts(item, replace, [...path, index]))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, replaceTexts(member, replace, [...path, key])]),
  )
}

/** A path as one word, for maps and sets. */
export const keyOf = (path: Path): string => JSON.stringify(path)

/** In our own words: those of the parser quote the file. */
const syntaxFacts: Readonly<Record<string, string>> = {
  BAD_INDENT: 'the indentation does not fit, or a bracket is not closed',
  TAB_AS_INDENT: 'a tab stands where blanks must',
  MISSING_CHAR: 'a quote, a bracket, a comma or a colon is missing',
  BAD_SCALAR_START: 'text that begins so must stand in quotes',
  BAD_DQ_ESCAPE: 'an escape in double quotes is none of YAML; take single quotes',
  BLOCK_AS_IMPLICIT_KEY: 'there are two colons; text with a colon must stand in quotes',
  MULTILINE_IMPLICIT_KEY: 'a key must stand in one line, with a colon behind it',
  MULTIPLE_DOCS: 'there must be one document in a file',
  RESOURCE_EXHAUSTION: 'it is nested too deep',
}

function syntaxFaults({ errors, warnings }: Document.Parsed): readonly PlacedFault[] {
  const tagless = warnings.filter(({ code }) => code !== 'TAG_RESOLVE_FAILED') // the walk knows its path
  return [...errors, ...tagless].slice(0, 10).map(({ code, pos }) => ({
    offset: pos[0],
    path: [],
    fact: syntaxFacts[code] ?? `this is no YAML (${code})`,
  }))
}

/** Goes through the nodes once, takes plain values, and notes where each stands. */
function createWalk() {
  const texts: YamlText[] = []
  const faults: PlacedFault[] = []
  const values = new Map<string, number>()
  const keys = new Map<string, number>()

  const visit = (node: Node | null, path: Path): unknown => {
    if (node === null) return null
    const [start = 0, end = start] = node.range ?? []
    values.set(keyOf(path), start)
    const refuse = (fact: string) => void faults.push({ offset: start, path, fact })
    if (isAlias(node)) return refuse('aliases are not taken; write the value out')
    if (node.tag !== undefined) refuse('tags are not taken; write a plain value')
    if ('anchor' in node && node.anchor !== undefined) refuse('anchors are not taken; write the value out')
    if (path.length > maxDepth) return refuse('it is nested too deep')
    if (isSeq<Node>(node)) return node.items.map((item, index) => visit(item, [...path, index]))
    if (isMap<Node, Node | null>(node)) return visitMap(node.items, path)
    if (!isScalar(node)) return null
    if (typeof node.value === 'string') texts.push({ path, start, end, text: node.value })
    return node.value
  }

  const visitMap = (pairs: readonly Pair<Node, Node | null>[], path: Path): object => {
    const seen = new Set<string>()
    return Object.fromEntries(
      pairs.flatMap(({ key, value }) => {
        const offset = key.range?.[0] ?? 0
        const name = isScalar(key) && typeof key.value !== 'object' ? String(key.value) : undefined
        if (name === undefined) faults.push({ offset, path, fact: 'a key must be a plain word' })
        if (name === undefined) return []
        const at = [...path, name]
        if (seen.has(name)) faults.push({ offset, path: at, fact: 'it is there twice' })
        else keys.set(keyOf(at), offset)
        seen.add(name)
        return [[name, visit(value, at)]]
      }),
    )
  }

  return { visit, texts, faults, values, keys }
}
