import type { Call, Exchange } from './conversation.ts'
import type { Line } from './lines.ts'
import type { Say } from './model.ts'

/** What a server does to answer, in order. */
export type Act =
  | { readonly do: 'write'; readonly text: () => string }
  | { readonly do: 'wait'; readonly ms: number }
  /** The connection breaks, once everything before is on its way. */
  | { readonly do: 'cut' }
  /** Nothing more comes until the client hangs up. */
  | { readonly do: 'hang' }

/** A way to go wrong: in what is said, in how it is sent, or in whether there is an answer at all. */
export type Misbehaviour = {
  readonly summary: string
  say?(say: Say, exchanges: readonly Exchange[]): Say
  send?(lines: readonly Line[]): readonly Act[]
  /** 503 this many times before an answer. */
  readonly busyTimes?: number
  /** The status of an answer that is not a stream; 200 unless told. */
  readonly wholeStatus?: number
  /** Before each chunk. */
  readonly delayMs?: number
}

const write = (text: () => string): Act => ({ do: 'write', text })

/** An answer as it should be: a line, a line break, and so on. */
export const sendLines = (lines: readonly Line[]): readonly Act[] =>
  lines.map(({ render }) => write(() => `${render()}\n`))

const half = (text: string): string => text.slice(0, Math.floor(text.length / 2))
const firstHalf = <T>(items: readonly T[]): readonly T[] => items.slice(0, Math.floor(items.length / 2))

/** Past the longest line that any client of Ollama reads (8 MiB in Go's). */
const hugeBytes = 20 * 1024 * 1024
const hugePiece = 'x'.repeat(64 * 1024)

const makesCalls = (say: Say): boolean => say.calls.length > 0
const isRefused = (exchanges: readonly Exchange[]): boolean => exchanges.some(({ reading }) => reading.isRefusal)

/** Every way to go wrong that can be asked for, by model tag or by option. */
export const misbehaviours = {
  cut: {
    summary: 'breaks off in mid-text',
    send(lines) {
      const whole = firstHalf(lines)
      return [...sendLines(whole), write(() => half(lines[whole.length]?.render() ?? '')), { do: 'cut' }]
    },
  },
  'cut-call': {
    summary: 'breaks off in the middle of the line of a call; without a call, of the last line',
    send(lines) {
      const at = lines.findIndex(({ holds }) => holds === 'call')
      const whole = lines.slice(0, at < 0 ? -1 : at)
      const broken = lines.at(at)
      return [...sendLines(whole), write(() => half(broken?.render() ?? '')), { do: 'cut' }]
    },
  },
  'half-call': {
    summary: 'breaks off a call that it writes as text, and says that it is done',
    say: (say) => (makesCalls(say) ? { ...say, text: asText(say).slice(0, -10), calls: [] } : say),
  },
  'two-objects': {
    summary: 'puts two JSON objects into one line',
    send: ([first, ...rest]) => [write(() => first?.render() ?? ''), ...sendLines(rest)],
  },
  'huge-line': {
    summary: 'sends a line of 20 MB',
    send: (lines) => [
      write(() => '{"model":"otto-scripted","message":{"role":"assistant","content":"'),
      ...Array.from({ length: hugeBytes / hugePiece.length }, () => write(() => hugePiece)),
      write(() => '"},"done":false}\n'),
      ...sendLines(lines),
    ],
  },
  loop: {
    summary: 'makes its first call again and again',
    say: (say, [first]) => (first ? { ...say, text: '', calls: [first.call] } : say),
  },
  silent: { summary: 'never answers', send: () => [{ do: 'hang' }] },
  slow: { summary: 'waits before each chunk', delayMs: 200 },
  busy: { summary: 'says 503 twice, then answers', busyTimes: 2 },
  'error-line': {
    summary: 'says in mid-stream that its runner stopped',
    wholeStatus: 500,
    send: (lines) => [...sendLines(firstHalf(lines)), write(() => '{"error":"model runner stopped unexpectedly"}\n')],
  },
  liar: {
    summary: 'claims a move that it never made',
    say: (say) => ({ ...say, text: 'I placed X in the centre. X holds the centre now.', calls: [] }),
  },
  stutter: {
    summary: 'makes each writing call twice',
    say: (say) => ({ ...say, calls: say.calls.flatMap((call) => (isRead(call) ? [call] : [call, call])) }),
  },
  junk: { summary: 'answers with something that is not JSON', send: () => [write(() => '<html>Bad gateway</html>\n')] },
  'bad-call': {
    summary: 'writes a call with arguments that are no JSON, until it was refused once',
    say: (say, exchanges) =>
      makesCalls(say) && !isRefused(exchanges) ? { ...say, text: badCall(say), calls: [] } : say,
  },
  'unknown-tool': {
    summary: 'calls tools that nobody has, each time another one',
    say: (say, { length }) =>
      makesCalls(say)
        ? { ...say, calls: say.calls.map(({ args }) => ({ name: `ttt_magic_${length + 1}`, args })) }
        : say,
  },
} as const satisfies Readonly<Record<string, Misbehaviour>>

/** A name in the table above. */
export type MisbehaviourKind = keyof typeof misbehaviours

/** Is there such a way to go wrong? */
export const isMisbehaviour = (kind: string): kind is MisbehaviourKind => Object.hasOwn(misbehaviours, kind)

const isRead = ({ name }: Call): boolean => name === 'ttt_get_state' || name === 'ttt_simulate_move'

const asText = ({ calls: [call] }: Say): string => JSON.stringify({ tool: call?.name, args: call?.args })

/** A name that can be read, and arguments that no repair makes whole. */
const badCall = ({ calls: [call] }: Say): string => `{"tool": "${call?.name}", "args": "gameId is the one from before"}`
