import type { Dispatcher } from 'undici'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import type { Finding } from './_finding.ts'
import { probeLimitMs } from './_finding.ts'
import { authorization } from './_http.ts'
import type { CommandContext } from './command.ts'

/** How long the model may take for the short answer that is asked of it, milliseconds: it may have to be loaded. */
export const answerLimitMs = 60_000

export type StreamToCheck = { readonly url: string; readonly config: Config; readonly env: CommandContext['env'] }

/** A line of an answer: when the service wrote it, by its own clock, and when it was here, by ours. */
export type TimedLine = { readonly saidMs: number; readonly cameMs: number }

/** Too short a time to see a difference in. */
const tellableMs = 300

/** Were the lines passed on as they were written? The two clocks may differ: only spans are compared. */
export function judgeStream(lines: readonly TimedLine[]): Finding {
  const name = 'stream'
  const [first] = lines
  const last = lines.at(-1)
  if (first === undefined || last === undefined)
    return { level: 'warn', name, detail: 'the answer has no line of a model', next: 'What does the proxy make of it?' }
  const saidSpanMs = last.saidMs - first.saidMs
  const cameSpanMs = last.cameMs - first.cameMs
  if (saidSpanMs < tellableMs)
    return { level: 'ok', name, detail: 'the model answered too fast to tell whether anything holds answers back' }
  const detail = `written over ${seconds(saidSpanMs)}, arrived over ${seconds(cameSpanMs)}`
  if (cameSpanMs > saidSpanMs / 2) return { level: 'ok', name, detail }
  return {
    level: 'warn',
    name,
    detail: `something in between holds answers back: ${detail}`,
    next: 'Turn its buffering off; for nginx: proxy_buffering off.',
  }
}

const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`

/** Asks the default model for a short answer, without tools, and looks when its lines come. */
export async function checkStream(door: StreamToCheck): Promise<Finding> {
  const warn = { level: 'warn', name: 'stream' } as const
  try {
    const answer = await askShortly(door)
    if (typeof answer !== 'string') return judgeStream(answer)
    return { ...warn, detail: `no answer of the model to measure: ${answer}`, next: 'See the line on the model.' }
  } catch (error) {
    if (error instanceof BaseError) throw error // the token cannot be read
    const detail = `the answer of the model broke off, or took more than ${answerLimitMs / 1_000} s`
    return { ...warn, detail, next: 'Give the proxy more time: 300 s.' }
  }
}

const Refusal = z.object({ code: z.string() })
const Line = z.object({ created_at: z.iso.datetime({ offset: true }) })

/** The lines of a short answer, or what was said instead. Without tools: nothing is played. */
async function askShortly({ url, config, env }: StreamToCheck): Promise<readonly TimedLine[] | string> {
  const dispatcher = new Agent({ connect: { timeout: probeLimitMs }, maxResponseSize: 1024 * 1024 })
  try {
    return await readAnswer(
      await request(`${url}/generate`, {
        method: 'POST',
        headers: { ...(await authorization(env)), 'content-type': 'application/json', 'x-otto-tools': 'off' },
        // The context size that every chat asks for: with another one Ollama would load the model anew.
        body: JSON.stringify({
          prompt: 'Count from one to thirty, in words.',
          options: { num_predict: 100, num_ctx: config.model.numCtx },
        }),
        dispatcher,
        signal: AbortSignal.timeout(answerLimitMs),
      }),
    )
  } finally {
    await dispatcher.destroy()
  }
}

async function readAnswer({ statusCode, body }: Dispatcher.ResponseData): Promise<readonly TimedLine[] | string> {
  if (statusCode !== 200) {
    const refusal = Refusal.safeParse(await body.json().catch(() => undefined)).data
    return `${statusCode} ${refusal?.code ?? ''}`.trim()
  }
  const lines: TimedLine[] = []
  let rest = ''
  for await (const chunk of body.setEncoding('utf8')) {
    const cameMs = performance.now()
    const parts = `${rest}${chunk}`.split('\n')
    rest = parts.pop() ?? ''
    lines.push(...parts.flatMap((text) => timed(text, cameMs)))
  }
  return lines
}

function timed(text: string, cameMs: number): readonly TimedLine[] {
  try {
    const saidMs = Date.parse(Line.parse(JSON.parse(text)).created_at)
    return [{ saidMs, cameMs }]
  } catch {
    return [] // a failure inside the answer has no time
  }
}
