const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
}

const defaultMs = 300_000
/** What "for ever" becomes where a time has to be told. */
const foreverMs = 100 * 365 * 24 * 3_600_000

/**
 * How long a model stays loaded, ms: a number of seconds or a Go duration, below zero for ever. Undefined for what is
 * neither. Five minutes unless told.
 * @see Go's time.ParseDuration
 * @example keepAliveMs('1h30m') // 5400000
 */
export function keepAliveMs(value: string | number | null | undefined): number | undefined {
  if (value === null || value === undefined) return defaultMs
  const ms = typeof value === 'number' ? value * 1_000 : durationMs(value)
  if (ms === undefined) return undefined
  return ms < 0 ? foreverMs : Math.min(ms, foreverMs)
}

function durationMs(text: string): number | undefined {
  if (/^[+-]?0$/.test(text)) return 0
  if (!/^[+-]?(?:\d+(?:\.\d*)?(?:ns|us|µs|ms|s|m|h))+$/.test(text)) return undefined
  const parts = [...text.matchAll(/(\d+(?:\.\d*)?)(ns|us|µs|ms|s|m|h)/g)]
  const sum = parts.reduce((total, [, count = '0', unit = 's']) => total + Number(count) * (unitMs[unit] ?? 0), 0)
  return text.startsWith('-') ? -sum : sum
}
