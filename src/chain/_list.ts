import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect, ScriptView } from '../dialect/dialect.ts'
import { RecordUnreadableError } from '../dialect/errors.ts'
import type { Read } from './_read.ts'
import { jsonOf } from './_read.ts'
import type { ReadOptions } from './chain.ts'
import { LedgerUnreachableError } from './errors.ts'

/** All scripts of a ledger. */
export type ListScripts = (options: ReadOptions) => Promise<readonly ScriptView[]>

/**
 * Lists scripts by the route of all of them, else out of the checkpoint that holds the whole state, else its alias. A
 * record that is no script is left out: a stranger's must not hide the others. A record that was seen before is not
 * read again: the embedded ledger gives the same object for as long as the script stands unchanged.
 * @throws LedgerUnreachableError
 */
export function createScriptList(dialect: Dialect, read: Read): ListScripts {
  const { prefix, paths } = dialect
  const routes: readonly Route[] = [
    { path: `${prefix}/${paths.scripts}`, find: (json) => json },
    { path: `${prefix}/checkpoint`, find: scriptsInState },
    { path: `${prefix}/calculated-state`, find: scriptsInState },
  ]
  const views = new WeakMap<JsonObject, { readonly script: ScriptView | undefined }>()
  const viewOf = (record: JsonValue): ScriptView | undefined => {
    if (!isJsonObject(record)) return undefined
    const known = views.get(record) ?? { script: readOrSkip(dialect, record) }
    views.set(record, known)
    return known.script
  }
  return async (options) => {
    for (const { path, find } of routes) {
      const answer = await read('l0', path, options)
      if (answer.status === 404) continue
      const records = find(jsonOf('l0', answer))
      if (!isJsonObject(records)) throw new LedgerUnreachableError('l0', { reason: 'bad_shape' })
      return Object.values(records).flatMap((record) => viewOf(record) ?? [])
    }
    throw new LedgerUnreachableError('l0', { reason: 'bad_status', status: 404 })
  }
}

type Route = { readonly path: string; readonly find: (json: JsonValue) => JsonValue | undefined }

/** Under the name that either dialect has for them. @see Workchain and OttoChain, calculated state */
function scriptsInState(json: JsonValue): JsonValue | undefined {
  const state = isJsonObject(json) ? member(json, 'state') : undefined
  return isJsonObject(state) ? (member(state, 'scriptOracles') ?? member(state, 'scripts')) : undefined
}

function readOrSkip(dialect: Dialect, record: JsonObject): ScriptView | undefined {
  try {
    return dialect.readScript(record)
  } catch (error) {
    if (error instanceof RecordUnreadableError) return undefined
    throw error
  }
}
