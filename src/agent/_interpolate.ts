/** Where references find their values. Neither is ever told to anybody: only names stand in faults. */
export type References = {
  readonly variables: Readonly<Record<string, string | undefined>>
  /** The text of a file of at most so many bytes. Rejects where there is none. */
  readonly readFile: (path: string, maxBytes: number) => Promise<string>
}

/** The text with its values in place, or what is wrong with its references. */
export type Interpolated = {
  readonly text: string
  readonly hasReferences: boolean
  readonly faults: readonly string[]
}

const maxFileBytes = 4 * 1024

/** `$${` stands for the two characters; a reference that is never closed is one too, and wrong. */
const reference = /\$\$\{|\$\{([^}]*)(\}?)/g
const variable = /^(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{)[\s\S])*))?$/
const file = /^file:(\/.+)$/

/**
 * Puts values in the place of references: `${NAME}` and `${env:NAME}`, both with `:-default` for a variable that is not
 * set or empty, `${file:/path}` for the trimmed text of a file of at most 4 KiB. `$${` is `${` itself. A value is not
 * looked through for references again.
 */
export async function interpolate(text: string, references: References): Promise<Interpolated> {
  const faults: string[] = []
  let [result, from, hasReferences] = ['', 0, false]
  for (const match of text.matchAll(reference)) {
    const [whole, inner, close] = match
    result += text.slice(from, match.index)
    from = match.index + whole.length
    hasReferences = true
    if (inner === undefined) {
      result += '${'
      continue
    }
    const found = close === '}' ? await lookUp(inner, references) : { fault: 'a reference is not closed by }' }
    if ('fault' in found) faults.push(found.fault)
    else result += found.value
  }
  return { text: result + text.slice(from), hasReferences, faults }
}

/** What stands in the text itself: its references gone, but for their defaults. */
export const literalOf = (text: string): string =>
  text.replaceAll(reference, (_, inner = '') => variable.exec(inner)?.[2] ?? '')

async function lookUp(
  inner: string,
  { variables, readFile }: References,
): Promise<{ readonly value: string } | { readonly fault: string }> {
  const [, name, byDefault] = variable.exec(inner) ?? []
  if (name !== undefined) {
    const value = (Object.hasOwn(variables, name) ? variables[name] : undefined) || byDefault
    return value === undefined ? { fault: `the variable ${name.slice(0, 64)} is not set` } : { value }
  }
  const [, path] = file.exec(inner) ?? []
  if (path === undefined)
    return {
      fault: `this is no reference: write \${NAME}, \${NAME:-default} or \${file:/path}; $\${ for the characters`,
    }
  try {
    return { value: (await readFile(path, maxFileBytes)).trim() }
  } catch {
    return { fault: `the file of \${file:…} cannot be read, is no text, or has more than ${maxFileBytes} bytes` }
  }
}
