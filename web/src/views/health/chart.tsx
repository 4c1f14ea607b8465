import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { language, t } from '../../texts.ts'
import type { Lines } from './figures.ts'

export type ChartProps = {
  readonly data: Lines
  /** Names of the lines, and the variables that hold their colours. */
  readonly series: readonly { readonly label: string; readonly colour: string }[]
  readonly unit: string
}

const height = 200
const number = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 })

/** A canvas knows no variables of a style sheet: they are read whenever it draws, so that another theme shows. */
const colourOf = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name)

/** Lines over time. What it shows is told in words beside it. */
export default function Chart({ data, series, unit }: ChartProps) {
  const room = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  // biome-ignore lint/correctness/useExhaustiveDependencies: made once; new data goes into it below
  useEffect(() => {
    if (room.current === null) return
    const { current: parent } = room
    const made = new uPlot({ ...options(series, unit), width: parent.clientWidth, height }, toTable(data), parent)
    plot.current = made
    const sizes = new ResizeObserver(() => made.setSize({ width: parent.clientWidth, height }))
    sizes.observe(parent)
    const themes = new MutationObserver(() => made.redraw())
    themes.observe(document.documentElement, { attributeFilter: ['data-theme'] })
    return () => {
      sizes.disconnect()
      themes.disconnect()
      made.destroy()
    }
  }, [])
  useEffect(() => {
    plot.current?.setData(toTable(data))
  }, [data])
  return <div ref={room} className="plot" aria-hidden="true" />
}

const toTable = ({ atSeconds, lines }: Lines): uPlot.AlignedData => [[...atSeconds], ...lines.map((line) => [...line])]

function options(series: ChartProps['series'], unit: string): Omit<uPlot.Options, 'width' | 'height'> {
  const show = (value: number | null) => (value === null ? t.common.none : `${number.format(value)}${unit}`)
  const axis: uPlot.Axis = {
    stroke: () => colourOf('--quiet'),
    grid: { stroke: () => colourOf('--line'), width: 1 },
    ticks: { stroke: () => colourOf('--line'), width: 1 },
    font: '12px system-ui',
  }
  return {
    cursor: { drag: { setScale: false } },
    // Five minutes from the beginning on, so that nothing moves but time.
    scales: {
      x: { range: (_plot, _min, max) => [max - 300, max] },
      y: { range: (_plot, _min, max) => [0, Math.max((max ?? 0) * 1.1, 1)] },
    },
    padding: [8, 16, 0, 0],
    axes: [
      { ...axis, values: (_plot, seconds) => seconds.map((second) => minute.format(second * 1_000)), space: 60 },
      { ...axis, values: (_plot, values) => values.map(show), size: 64 },
    ],
    series: [
      {
        label: t.health.clock,
        value: (_plot, second) => (second === null ? t.common.none : clock.format(second * 1_000)),
      },
      ...series.map(({ label, colour }) => ({
        label,
        stroke: () => colourOf(colour),
        width: 2,
        points: { show: true, size: 5 },
        value: (_plot: uPlot, value: number | null) => show(value),
      })),
    ],
  }
}

const minute = new Intl.DateTimeFormat(language, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })
const clock = new Intl.DateTimeFormat(language, { timeStyle: 'medium', hourCycle: 'h23' })
