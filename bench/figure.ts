/** One side of a ratio, as it was measured. */
export type Side = { readonly what: string; readonly value: number; readonly unit: string }

/** What a ratio is held to; `after` is the mark for what comes next. */
export type Bound = { readonly kind: 'at least' | 'at most'; readonly value: number; readonly after?: number }

/** One line of the table: two sides measured in the same run, or why they were not. */
export type Figure = { readonly bench: string; readonly what: string; readonly bound: Bound } & (
  | {
      readonly left: Side
      readonly right: Side
      readonly ratio: number
      readonly note?: string
      /** What the right side is made of, in its unit. */
      readonly parts?: Readonly<Record<string, number>>
    }
  | { readonly notMeasured: string }
)

export type Verdict = 'ok' | 'MISS' | 'not measured'

export const atLeast = (value: number, after?: number): Bound => ({
  kind: 'at least',
  value,
  ...(after === undefined ? {} : { after }),
})

export const atMost = (value: number, after?: number): Bound => ({ ...atLeast(value, after), kind: 'at most' })

/** A figure of two sides; the ratio is left over right unless it is something else, like a slope. */
export function figure(
  { bench, what, bound, note }: Pick<Figure, 'bench' | 'what' | 'bound'> & { note?: string },
  left: Side,
  right: Side,
  ratio = left.value / right.value,
): Figure {
  return { bench, what, bound, left, right, ratio, ...(note === undefined ? {} : { note }) }
}

export function verdictOf(one: Figure): Verdict {
  if ('notMeasured' in one) return 'not measured'
  const holds = one.bound.kind === 'at least' ? one.ratio >= one.bound.value : one.ratio <= one.bound.value
  return holds ? 'ok' : 'MISS'
}

/** The figures as a Markdown table. */
export function toTable(figures: readonly Figure[]): string {
  const rows = figures.map((one) => {
    const { bench, what, bound } = one
    const verdict = verdictOf(one)
    const sign = bound.kind === 'at least' ? '≥' : '≤'
    const limit = `${sign} ${bound.value}${bound.after === undefined ? '' : ` (then ${bound.after})`}`
    if ('notMeasured' in one) return [`\`${bench}\``, what, '', '', limit, `not measured: ${one.notMeasured}`]
    const { left, right, note } = one
    const measured = note === undefined ? what : `${what} (${note})`
    return [`\`${bench}\``, measured, `${sideOf(left)} / ${sideOf(right)}`, round(one.ratio), limit, verdict]
  })
  const head = ['bench', 'what', 'measured', 'ratio', 'bound', '']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

/** What right sides are made of, as Markdown tables, largest part first; empty where none tells. */
export const toPartTables = (figures: readonly Figure[]): string =>
  figures
    .flatMap((one) => ('notMeasured' in one || one.parts === undefined ? [] : partTable(one.right, one.parts)))
    .join('\n\n')

function partTable({ what, value, unit }: Side, parts: Readonly<Record<string, number>>): string {
  const rows = Object.entries(parts)
    .toSorted(([, a], [, b]) => b - a)
    .map(([name, part]) => [name, round(part), `${Math.round((part / value) * 100)} %`])
  const head = [what, unit, 'share']
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n')
}

const sideOf = ({ what, value, unit }: Side): string => `${what} ${round(value)}${unit === '' ? '' : ` ${unit}`}`

/** Three digits that count; more from a thousand on. */
const round = (value: number): string =>
  Math.abs(value) >= 1_000 ? String(Math.round(value)) : String(Number(value.toPrecision(3)))
