import type { Compilable, CompiledQuery } from 'kysely'

type Value = string | number | null
type Values = Readonly<Record<string, Value>>

/** Stands for a value while a statement is built; no value of ours begins so. */
const mark = '\u0000hole:'

/**
 * A statement whose text is made once and run with other values each time: on the way of every move, building it costs
 * more than running it.
 * @param build makes the statement of placeholders; each may stand wherever a value may
 * @example const find = prepared<{ id: string }>(({ id }) => query.selectFrom('intents').selectAll().where('id', '=', id))
 */
export function prepared<V extends Values>(build: (holes: V) => Compilable): (values: V) => CompiledQuery<unknown> {
  let made: { readonly compiled: CompiledQuery<unknown>; readonly names: readonly (string | undefined)[] } | undefined
  return (values) => {
    made ??= compile(build)
    const { compiled, names } = made
    const parameters = names.map((name, index) => (name === undefined ? compiled.parameters[index] : values[name]))
    return { ...compiled, parameters }
  }
}

function compile<V extends Values>(build: (holes: V) => Compilable) {
  // The cast holds: what is built with a placeholder is not run, and a text may stand for any value until then.
  const holes = new Proxy({}, { get: (_, name) => `${mark}${String(name)}` }) as V
  const compiled: CompiledQuery<unknown> = build(holes).compile()
  const names = compiled.parameters.map((value) =>
    typeof value === 'string' && value.startsWith(mark) ? value.slice(mark.length) : undefined,
  )
  return { compiled, names }
}
