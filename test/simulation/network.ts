import { NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import type { NodeAnswer, NodeRequest, Transport } from '../../src/chain/transport.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Devnet } from '../../src/devnet/devnet.ts'
import type { Chance } from './chance.ts'
import type { Life } from './life.ts'
import type { Time } from './time.ts'

/** What may happen to a message on its way to the Data L1. */
export const postFaults = [
  'refused', // no connection
  'lost', // it never arrives, and nobody says so
  'deaf', // it arrives, the answer does not
  'late', // the answer is lost, and it arrives up to three minutes later
  'doubled', // it arrives once more, later
  'torn', // the answer breaks off
  'before', // 503, and it did not arrive
  'after', // 503, and it did
  'limited', // 429
  'forgotten', // accepted, then lost with the L1's memory
  'slow', // accepted, and queued up to a minute later
  'unknown', // an L1 that does not know the fiber yet
] as const
/** What may happen to a read. */
export const readFaults = ['refused', 'lost', 'torn', 'before', 'limited', 'stale', 'old'] as const

type PostFault = (typeof postFaults)[number]
type ReadFault = (typeof readFaults)[number]

/** How often each thing goes wrong in one world: a chance in [0, 1]. */
export type Weather = {
  readonly posts: { readonly [fault in PostFault]?: number }
  readonly reads: { readonly [fault in ReadFault]?: number }
  /** One way, milliseconds at most. */
  readonly latencyMs: number
  /** Do nodes tell when a snapshot came? */
  readonly hints: boolean
}

export type Network = {
  /** The line of one process to the ledger. */
  lineFor(life: Life): Transport
  /** A layer is gone from now on, until it is back. */
  cut(layer: 'l1' | 'l0', isCut: boolean): void
  /** From now on nothing goes wrong; what is still on its way arrives. */
  calm(): void
  /** Trouble begins. */
  stir(): void
  /** How many copies of messages are still on their way. */
  ghosts(): number
  /** Told of each message whose bytes leave a process, before they do. */
  onPost: (body: JsonValue) => void
}

type NetworkDeps = {
  readonly devnet: Devnet
  readonly time: Time
  readonly chance: Chance
  readonly weather: Weather
  readonly trace: (line: string) => void
}

/** A read that was answered once, and when: what a node that lags may still say. */
type Seen = { readonly atMs: number; readonly answer: NodeAnswer }

const timeoutMs = 5_000
const lasting = new AbortController().signal
const answerOf = (status: number, json: JsonValue | undefined, retryAfterSeconds?: number): NodeAnswer => ({
  status,
  json,
  text: json === undefined ? '{"ha' : undefined,
  retryAfterSeconds,
})

export function createNetwork(deps: NetworkDeps): Network {
  const { devnet, time, chance, weather, trace } = deps
  const seen = new Map<string, Seen[]>()
  const cuts = new Set<string>()
  const firstSeen = new Map<string, number>()
  let isCalm = true
  let ghosts = 0

  const forward = (asked: NodeRequest): Promise<NodeAnswer> => devnet.request({ ...asked, signal: lasting })
  const ghost = (asked: NodeRequest, ms: number): void => {
    ghosts += 1
    time.after(ms, () => {
      ghosts -= 1
      trace(`ghost ${asked.path}`)
      forward(asked).catch(() => undefined) // nobody waits for it
    })
  }
  const leg = () => time.sleep(chance.between(0.2, isCalm ? 2 : weather.latencyMs))
  const timedOut = async (layer: 'l1' | 'l0'): Promise<never> => {
    await time.sleep(timeoutMs)
    throw new NoAnswerError(layer)
  }

  const post = async (asked: NodeRequest): Promise<NodeAnswer> => {
    const drawn = cuts.has('l1') ? chance.pick(['refused', 'lost'] as const) : draw(chance, isCalm ? {} : weather.posts)
    const fault = drawn === 'unknown' && !isEventSoon(asked) ? undefined : drawn
    trace(`post ${fault ?? ''}`)
    await leg()
    switch (fault) {
      case 'refused':
        throw new NotSentError('No connection came about.')
      case 'lost':
        return timedOut('l1')
      case 'deaf':
        await forward(asked)
        return timedOut('l1')
      case 'late':
        ghost(asked, chance.between(100, 180_000))
        return timedOut('l1')
      case 'doubled':
        ghost(asked, chance.between(1, 120_000))
        break
      case 'before':
        return answerOf(503, { message: 'unavailable' })
      case 'after':
        await forward(asked)
        return answerOf(503, { message: 'unavailable' })
      case 'limited':
        return answerOf(429, {}, chance.below(3))
      case 'unknown':
        return answerOf(400, unknownFiber)
      case 'torn':
        await forward(asked)
        return answerOf(200, undefined)
      case 'forgotten':
      case 'slow': {
        const hash = await hashOf(asked)
        if (fault === 'slow') ghost(asked, chance.between(100, 60_000))
        return answerOf(200, { hash, feeHash: null })
      }
    }
    const answer = await forward(asked)
    trace(`post answered ${answer.status}`)
    await leg()
    return answer
  }

  /** Only an event may be about a fiber that an L1 does not know yet, and only in the first minute. */
  const isEventSoon = ({ body }: NodeRequest): boolean => {
    const { value } = body as { value: Record<string, { cid?: string; fiberId?: string }> } // our own envelope
    const [word, fields] = Object.entries(value)[0] ?? []
    if (word !== 'TransitionStateMachine' && word !== 'ProcessFiberEvent') return false
    const fiberId = fields?.fiberId ?? fields?.cid ?? ''
    const known = firstSeen.get(fiberId) ?? time.nowMs()
    firstSeen.set(fiberId, known)
    return time.nowMs() - known < 10_000
  }

  /** What the node itself would call the message. */
  const hashOf = async ({ body }: NodeRequest): Promise<JsonValue> => {
    const value = (body as { value: JsonValue }).value // our own envelope
    const { json } = await forward({
      layer: 'l1',
      method: 'POST',
      path: '/data/estimate-fee',
      body: value,
      signal: lasting,
    })
    return (json as { updateHash?: string } | undefined)?.updateHash ?? 'none'
  }

  const read = async (asked: NodeRequest): Promise<NodeAnswer> => {
    const { layer, path } = asked
    const fault = cuts.has(layer)
      ? chance.pick(['refused', 'lost'] as const)
      : draw(chance, isCalm ? {} : weather.reads)
    await leg()
    switch (fault) {
      case 'refused':
        throw new NotSentError('No connection came about.')
      case 'lost':
        return timedOut(layer)
      case 'torn':
        return answerOf(200, undefined)
      case 'before':
        return answerOf(502, undefined)
      case 'limited':
        return answerOf(429, {}, 1)
      case 'stale':
      case 'old': {
        const past = pastOf(path, time.nowMs() - chance.between(1, fault === 'old' ? 60_000 : 3_000))
        if (past !== undefined) return past
      }
    }
    const answer = await forward(asked)
    keep(path, answer)
    await leg()
    return answer
  }

  const keep = (path: string, answer: NodeAnswer): void => {
    const answers = seen.get(path) ?? []
    answers.push({ atMs: time.nowMs(), answer })
    if (answers.length > 64) answers.shift()
    seen.set(path, answers)
  }
  /** What a node that is that far behind would say. Before anybody asked, it knew of nothing. */
  const pastOf = (path: string, atMs: number): NodeAnswer | undefined => {
    const answers = seen.get(path)
    if (!/\/(state-machines|oracles|scripts)\/[^/]+$/.test(path) || answers === undefined) return undefined
    return answers.findLast((one) => one.atMs <= atMs)?.answer ?? answers[0]?.answer
  }

  const network: Network = {
    onPost: () => {},
    ghosts: () => ghosts,
    lineFor: (life) => ({
      async request(asked) {
        await life.step()
        if (asked.method === 'POST') network.onPost(asked.body ?? null)
        const work = asked.method === 'POST' ? post(asked) : read(asked)
        return life.reach(orGivenUp(work, asked))
      },
      ...(weather.hints
        ? {
            onSnapshot: (listener: (fiberIds: ReadonlySet<string>) => void) =>
              devnet.onSnapshot((fiberIds) => {
                if (!life.isOver()) listener(fiberIds)
              }),
          }
        : {}),
      close: async () => {},
    }),
    cut(layer, isCut) {
      trace(`${layer} ${isCut ? 'is gone' : 'is back'}`)
      if (isCut && !isCalm) cuts.add(layer)
      else cuts.delete(layer)
    },
    stir() {
      isCalm = false
    },
    calm() {
      isCalm = true
      cuts.clear()
    },
  }
  return network
}

/** As over HTTP: the signal ends the wait, and what was sent may have arrived all the same. */
function orGivenUp(work: Promise<NodeAnswer>, { layer, signal }: NodeRequest): Promise<NodeAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<NodeAnswer>()
  const stop = () => reject(new NoAnswerError(layer, { cause: signal.reason }))
  if (signal.aborted) stop()
  else signal.addEventListener('abort', stop, { once: true })
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  return promise
}

/** @see Constellation node and metakit: an update for a fiber that this L1 has not seen */
const unknownFiber: JsonValue = {
  code: 3,
  message: 'Invalid request body',
  retriable: false,
  details: { reason: 'Invalid data update, reason: Chain(CidNotFound(not known here yet))' },
}

/** The fault that comes, if one does. */
function draw<Name extends string>(chance: Chance, rates: { readonly [name in Name]?: number }): Name | undefined {
  let left = chance.next()
  for (const [name, rate] of Object.entries(rates) as [Name, number][]) {
    left -= rate
    if (left < 0) return name
  }
  return undefined
}
