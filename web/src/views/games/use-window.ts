import type { RefObject } from 'react'
import { useEffect, useRef, useState } from 'react'

/** The part of a long list that is drawn: `columns` a line, the games `from` up to `to`, and the lines' room around it. */
export type Drawn = {
  readonly columns: number
  readonly from: number
  readonly to: number
  readonly above: number
  readonly below: number
}

type Range = { readonly columns: number; readonly first: number; readonly lines: number; readonly step: number }

const gap = 10
const minWidth = 340
/** Lines that are drawn beyond either edge of the screen. */
const spare = 5
const start: Range = { columns: 1, first: 0, lines: 12, step: 134 }

/** Draws only what is on the screen, and a little more: a thousand rows scroll like twenty. Lines are of one height. */
export function useWindow(count: number): readonly [RefObject<HTMLUListElement | null>, Drawn] {
  const list = useRef<HTMLUListElement>(null)
  const [range, setRange] = useState(start)
  useEffect(() => {
    let frame = 0
    const measure = () => {
      const next = list.current && rangeOf(list.current)
      if (next) setRange((known) => (isSame(known, next) ? known : next))
    }
    const soon = () => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(measure)
    }
    measure()
    const resized = new ResizeObserver(soon)
    if (list.current) resized.observe(list.current)
    addEventListener('scroll', soon, { passive: true })
    addEventListener('resize', soon)
    return () => {
      cancelAnimationFrame(frame)
      resized.disconnect()
      removeEventListener('scroll', soon)
      removeEventListener('resize', soon)
    }
  }, [])
  return [list, drawn(range, count)]
}

function rangeOf(list: HTMLUListElement): Range {
  const { top, width } = list.getBoundingClientRect()
  const step = (list.querySelector('li')?.offsetHeight ?? start.step - gap) + gap
  const columns = Math.max(1, Math.floor((width + gap) / (minWidth + gap)))
  return {
    columns,
    first: Math.max(0, Math.floor(-top / step) - spare),
    lines: Math.ceil(innerHeight / step) + 2 * spare,
    step,
  }
}

const isSame = (one: Range, other: Range): boolean =>
  one.columns === other.columns && one.first === other.first && one.lines === other.lines && one.step === other.step

function drawn({ columns, first, lines, step }: Range, count: number): Drawn {
  const all = Math.ceil(count / columns)
  const from = Math.min(first, Math.max(0, all - lines)) // the list became shorter
  const to = Math.min(all, from + lines)
  return { columns, from: from * columns, to: to * columns, above: from * step, below: (all - to) * step }
}
