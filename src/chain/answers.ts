import { z } from 'zod'
import type { NodeAnswer } from './transport.ts'

/**
 * What one attempt to send proves.
 * - `queued`: the L1 holds the message
 * - `not_received`: nobody holds it
 * - `unproven`: nobody can know
 * - `lagging`: not queued, since this L1 does not know the new fiber yet
 * - `rate_limited`: not queued, come later
 * - `refused`, `misconfigured`: not queued, and sending again cannot help
 */
export type AnswerClass =
  | 'queued'
  | 'not_received'
  | 'unproven'
  | 'lagging'
  | 'rate_limited'
  | 'refused'
  | 'misconfigured'

/** What came of one attempt. `sinceCreationMs` is the age of the fiber, where the sender knows it. */
export type Observation =
  | { readonly kind: 'not_sent' }
  | { readonly kind: 'no_answer' }
  | {
      readonly kind: 'answer'
      readonly answer: NodeAnswer
      readonly hash: string
      readonly sinceCreationMs?: number | undefined
    }

type Answered = Extract<Observation, { kind: 'answer' }>

/** How long after its creation a fiber may be unknown to a lagging L1, milliseconds. */
const lagMs = 60_000

const configurationStatuses: readonly number[] = [401, 403, 404, 413, 415]

/** The answer of a node that took the message. @see Constellation node, POST /data */
const Queued = z.object({ hash: z.string() })

/** The two forms in which a node says no. @see Constellation node, POST /data */
const Refusal = z.object({
  error: z.string().optional(),
  message: z.string().optional(),
  details: z.object({ reason: z.string().optional() }).optional(),
})

const answered =
  (when: (seen: Answered) => boolean) =>
  (seen: Observation): boolean =>
    seen.kind === 'answer' && when(seen)

const status = (when: (status: number) => boolean) => answered(({ answer }) => when(answer.status))

/** One row: what was observed, and what that proves. The first row that fits holds. */
export type AnswerRow = {
  readonly observed: string
  readonly proves: AnswerClass
  readonly when: (seen: Observation) => boolean
}

/**
 * Everything that can come back from `POST /data`, in order of judgement. What no row names proves nothing.
 * @see Constellation node, POST /data; metakit validation errors for the texts
 */
export const answerTable: readonly AnswerRow[] = [
  { observed: 'no connection', proves: 'not_received', when: ({ kind }) => kind === 'not_sent' },
  { observed: 'no complete answer', proves: 'unproven', when: ({ kind }) => kind === 'no_answer' },
  {
    observed: '200 with our hash',
    proves: 'queued',
    when: answered(({ answer, hash }) => answer.status === 200 && Queued.safeParse(answer.json).data?.hash === hash),
  },
  { observed: 'any other 2xx', proves: 'unproven', when: status((code) => code >= 200 && code < 300) },
  { observed: '429', proves: 'rate_limited', when: status((code) => code === 429) },
  { observed: '400, the new fiber is unknown', proves: 'lagging', when: answered(isLag) },
  {
    observed: '400 in the words of a node: validation or signature',
    proves: 'refused',
    when: answered(({ answer }) => answer.status === 400 && refusalText(answer) !== undefined),
  },
  {
    observed: '500, the body does not decode',
    proves: 'refused',
    when: answered(({ answer }) => answer.status === 500 && /^Invalid message body\b/.test(refusalText(answer) ?? '')),
  },
  {
    observed: '3xx, 401, 403, 404, 413, 415',
    proves: 'misconfigured',
    when: status((code) => (code >= 300 && code < 400) || configurationStatuses.includes(code)),
  },
  { observed: '408, 425, other 5xx, anything else', proves: 'unproven', when: () => true },
]

/** What an observation proves, by the table. */
export const classify = (seen: Observation): AnswerClass =>
  answerTable.find(({ when }) => when(seen))?.proves ?? 'unproven'

/** The node's own words for a refusal, at most 500 characters; its status where it has none. */
export const refusalReason = (answer: NodeAnswer): string =>
  (refusalText(answer) ?? `The Data L1 answered ${answer.status}.`).slice(0, 500)

function refusalText({ json }: NodeAnswer): string | undefined {
  const refusal = Refusal.safeParse(json).data
  return refusal?.details?.reason ?? refusal?.error ?? refusal?.message
}

/** Only where it is the one complaint: another one would stay when the L1 has caught up. */
function isLag({ answer, sinceCreationMs = Number.POSITIVE_INFINITY }: Answered): boolean {
  return answer.status === 400 && sinceCreationMs <= lagMs && onlyUnknownFiber.test(refusalText(answer) ?? '')
}

const onlyUnknownFiber = /Chain\(CidNotFound\([^()]*\)\)/
