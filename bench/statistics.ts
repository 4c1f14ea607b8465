const sorted = (values: readonly number[]): number[] => values.toSorted((a, b) => a - b)

/** The value below which this part of the values lies; NaN of none. */
export function quantile(values: readonly number[], part: number): number {
  const all = sorted(values)
  return all[Math.min(all.length - 1, Math.floor(all.length * part))] ?? Number.NaN
}

export const median = (values: readonly number[]): number => quantile(values, 0.5)

/** The slope of the straight line that lies closest to the points, by least squares. */
export function slope(points: readonly (readonly [x: number, y: number])[]): number {
  const mean = (pick: (point: readonly [number, number]) => number) =>
    points.reduce((sum, point) => sum + pick(point), 0) / points.length
  const [meanX, meanY] = [mean(([x]) => x), mean(([, y]) => y)]
  const rise = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0)
  return rise / points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
}
