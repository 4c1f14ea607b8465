import type { Dialect, DialectName, NullRegime } from './dialect.ts'
import { createOttochain } from './ottochain.ts'
import { workchain } from './workchain.ts'

export type DialectOptions = {
  /** Only for `ottochain`; a Workchain node always keeps nulls. Default `drop`. */
  readonly ottochainNulls?: NullRegime
}

const dialects: { readonly [name in DialectName]: (options: DialectOptions) => Dialect } = {
  workchain: () => workchain,
  ottochain: ({ ottochainNulls = 'drop' }) => createOttochain({ nulls: ottochainNulls }),
}

/** The dialect of a name, as the settings say. */
export const createDialect = (name: DialectName, options: DialectOptions = {}): Dialect => dialects[name](options)
