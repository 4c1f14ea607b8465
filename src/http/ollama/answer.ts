import type { FastifyReply, FastifyRequest } from 'fastify'
import { LlmStreamCutError } from '../../llm/errors.ts'
import type { ToolRun, TurnEvent } from '../../llm/turn.ts'
import type { AnswerStream } from '../answer-stream.ts'
import { openStream } from '../answer-stream.ts'
import type { Refusal } from '../problem.ts'
import { toRefusal } from '../problem.ts'
import { noteCode } from '../request-log.ts'
import { createSignedSoFar } from '../signed-so-far.ts'
import { endWith } from './end.ts'
import { errorText } from './errors.ts'
import type { OllamaStyle, Said } from './lines.ts'
import { saidBy, toFailureLines, toLines, toWhole } from './lines.ts'

/** A turn on its way to a client. */
export type OllamaAnswer = {
  readonly events: AsyncIterable<TurnEvent>
  readonly style: OllamaStyle
  readonly stream: boolean
  /** Fires when the client hangs up. */
  readonly gone: AbortSignal
}

/**
 * Tells a turn in Ollama's words, as lines or as one object, with exactly one `done: true`.
 * @throws what the turn throws before anything was written; later it is told in the answer
 */
export async function answerTurn(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: OllamaAnswer,
): Promise<FastifyReply> {
  const refusalOf = (error: unknown): Refusal => {
    const refusal = toRefusal(error, { traceId: request.id, log: request.server.log })
    noteCode(reply, refusal.code)
    return refusal
  }
  try {
    return await (answer.stream ? sendLines : sendWhole)(reply, answer, refusalOf)
  } catch (error) {
    // Nobody is there any more, and a turn that was told so ends with the reason.
    if (answer.gone.aborted) return reply.hijack()
    throw error
  }
}

type RefusalOf = (error: unknown) => Refusal

async function sendLines(
  reply: FastifyReply,
  { events, style, gone }: OllamaAnswer,
  refusalOf: RefusalOf,
): Promise<FastifyReply> {
  const told = createTold()
  const opened: { stream?: AnswerStream } = {}
  try {
    for await (const event of events) {
      if (gone.aborted) return reply.hijack()
      told.add(event)
      for (const line of toLines(event, style)) {
        opened.stream ??= openStream(reply, 'application/x-ndjson')
        await opened.stream.write(line)
      }
      if (event.type === 'end') break
    }
    if (!told.isOver()) throw new LlmStreamCutError()
  } catch (error) {
    if (opened.stream === undefined || gone.aborted) throw error
    const refusal = refusalOf(error)
    const failure = { error: told.sentenceFor(refusal), code: refusal.code }
    for (const line of toFailureLines(failure, style)) await opened.stream.write(line)
  }
  opened.stream?.end()
  return reply
}

async function sendWhole(
  reply: FastifyReply,
  { events, style, gone }: OllamaAnswer,
  refusalOf: RefusalOf,
): Promise<FastifyReply> {
  const told = createTold()
  const said: Said[] = []
  try {
    for await (const event of events) {
      told.add(event)
      said.push(saidBy(event, style))
      if (event.type === 'end') return reply.send(toWhole(joined(said), event, style))
    }
    throw new LlmStreamCutError()
  } catch (error) {
    // SDKs send a request again after a 5xx, and with it what has been signed.
    if (!told.hasSigned() || gone.aborted) throw error
    said.push({ content: `\n\n${told.sentenceFor(refusalOf(error))}`, thinking: '' })
    return reply.send(toWhole(joined(said), endWith('stop', told.runs), style))
  }
}

const joined = (said: readonly Said[]): Said => ({
  content: said.map(({ content }) => content).join(''),
  thinking: said.map(({ thinking }) => thinking).join(''),
})

/** Remembers of a turn what its failure must be told by. */
function createTold() {
  const runs: ToolRun[] = []
  const signed = createSignedSoFar()
  const state = { isOver: false }
  return {
    runs,
    hasSigned: signed.mayHaveSigned,
    isOver: () => state.isOver,
    add(event: TurnEvent): void {
      signed.note(event)
      if (event.type === 'result') runs.push(event.run)
      if (event.type === 'end') state.isOver = true
    },
    /** For people; where something was signed the usual advice to ask again would be wrong. */
    sentenceFor: (refusal: Refusal): string =>
      signed.mayHaveSigned()
        ? `${refusal.error} What was played before that stands; read the board first.`
        : errorText(refusal),
  }
}
