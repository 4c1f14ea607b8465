/** One line of a scrape. */
export type Sample = {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

const line = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?[ \t]+(\S+)(?:[ \t]+-?\d+)?[ \t]*$/
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"/g

/**
 * The samples of a text for Prometheus, without those that are no number. Comments and lines that cannot be read are left
 * out: a page can do without one of them.
 * @see Prometheus text exposition format 0.0.4
 * @example parseMetrics('a_total{tool="x"} 3') // [{ name: 'a_total', labels: { tool: 'x' }, value: 3 }]
 */
export function parseMetrics(text: string): readonly Sample[] {
  return text.split('\n').flatMap((row): Sample[] => {
    if (row.startsWith('#')) return []
    const [, name, labels = '', number = ''] = line.exec(row.trimEnd()) ?? []
    const value = toNumber(number)
    return name === undefined || Number.isNaN(value) ? [] : [{ name, labels: toLabels(labels), value }]
  })
}

/** @example toNumber('+Inf') // Infinity */
export function toNumber(text: string): number {
  if (text === '') return Number.NaN
  if (text === '+Inf' || text === 'Inf') return Number.POSITIVE_INFINITY
  return text === '-Inf' ? Number.NEGATIVE_INFINITY : Number(text)
}

const toLabels = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries([...text.matchAll(label)].map(([, name = '', value = '']) => [name, withoutEscapes(value)]))

const signs: Readonly<Record<string, string>> = { n: '\n', '"': '"', '\\': '\\' }
const withoutEscapes = (value: string): string => value.replaceAll(/\\(.)/g, (whole, sign) => signs[sign] ?? whole)
