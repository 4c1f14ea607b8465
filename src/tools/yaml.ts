import type { Document } from 'yaml'
import { isAlias, isNode, parseDocument, stringify, visit } from 'yaml'
import type { JsonValue } from '../core/json.ts'
import { runBounded, WorkStoppedError } from './_bounded-run.ts'
import { documentTool, plain } from './_document-tool.ts'
import { ArgumentFaultError } from './_faults.ts'

const parseMs = 1_000

/** `yaml`: one YAML 1.2 document of what JSON can say: no tags of its own, no aliases. */
export const yaml = documentTool({
  name: 'yaml',
  aliases: ['YAML'],
  parse: (text) => plain(read(text), 'text'),
  generate: (value: JsonValue) => stringify(value, { aliasDuplicateObjects: false }),
})

function read(text: string): unknown {
  try {
    return runBounded(() => {
      const document = parseDocument(text, { schema: 'core', version: '1.2', merge: false, prettyErrors: true })
      assertPlain(document)
      return document.toJS({ maxAliasCount: 0 })
    }, parseMs)
  } catch (cause) {
    if (cause instanceof ArgumentFaultError) throw cause
    const fact = cause instanceof WorkStoppedError ? `took longer than ${parseMs} ms to read.` : 'nests too deep.'
    throw new ArgumentFaultError('text', fact, { cause })
  }
}

/** A warning is about a tag or a version that is not known: what it means is then a guess. */
function assertPlain(document: Document): void {
  const [fault] = [...document.errors, ...document.warnings]
  if (fault !== undefined) throw new ArgumentFaultError('text', firstLine(fault.message), { cause: fault })
  visit(document, {
    // An alias may stand for very much: ten lines of them are more than any memory holds.
    Alias: () => {
      throw new ArgumentFaultError('text', 'has an alias (*); write the value out.')
    },
    Pair: (_, { key }) => {
      if (isNode(key) && !isAlias(key) && 'items' in key)
        throw new ArgumentFaultError('text', 'has a key that is no text.')
    },
  })
}

const firstLine = (text: string): string => text.split('\n', 1)[0]?.slice(0, 300) ?? ''
