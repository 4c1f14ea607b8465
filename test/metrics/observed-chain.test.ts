import { expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import { LedgerUnreachableError, NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import { observeChain, observeTransport } from '../../src/metrics/observed-chain.ts'

const { signal } = new AbortController()

/** A clock that goes on by a second whenever it is looked at. */
const ticking = () => {
  let seconds = 0
  return { monotonicMs: () => seconds++ * 1000 }
}

function observed() {
  const seen: [operation: string, outcome: string, seconds: number][] = []
  return { seen, observe: (...one: (typeof seen)[number]) => void seen.push(one), clock: ticking() }
}

const answering = (request: Transport['request']): Transport => ({ request, close: async () => {} })
const status = (code: number): NodeAnswer => ({
  status: code,
  json: null,
  text: undefined,
  retryAfterSeconds: undefined,
})
const post = { layer: 'l1', method: 'POST', path: '/data', body: {}, signal } as const

test.each([
  { code: 200, outcome: 'queued' },
  { code: 302, outcome: 'refused' },
  { code: 400, outcome: 'refused' },
  { code: 429, outcome: 'refused' },
  { code: 500, outcome: 'failed' },
])('a POST that is answered $code was $outcome', async ({ code, outcome }) => {
  const { seen, ...observation } = observed()
  const transport = observeTransport(
    answering(async () => status(code)),
    observation,
  )
  expect((await transport.request(post)).status).toBe(code)
  expect(seen).toEqual([['submit', outcome, 1]])
})

test.each([
  { error: new NotSentError('refused'), outcome: 'not_sent' },
  { error: new NoAnswerError('l1'), outcome: 'no_answer' },
  { error: new Error('a bug'), outcome: 'no_answer' },
])('a POST that ends in $error.message is $outcome, and the error goes on', async ({ error, outcome }) => {
  const { seen, ...observation } = observed()
  const transport = observeTransport(
    answering(async () => {
      throw error
    }),
    observation,
  )
  await expect(transport.request(post)).rejects.toBe(error)
  expect(seen).toEqual([['submit', outcome, 1]])
})

test('a GET is no submission', async () => {
  const { seen, ...observation } = observed()
  const transport = observeTransport(
    answering(async () => status(200)),
    observation,
  )
  await transport.request({ layer: 'l0', method: 'GET', path: '/node/info', signal })
  expect(seen).toEqual([])
})

test('reads are found, absent or failed; deliveries have their own outcomes', async () => {
  const { seen, ...observation } = observed()
  const unreachable = new LedgerUnreachableError('l0', { reason: 'no_answer' })
  // Only what is asked here is there: the rest of a chain is never touched.
  const chain = observeChain(
    {
      readMachine: async () => null,
      readScript: async () => {
        throw unreachable
      },
      deliver: async () => ({ outcome: 'pending' }),
    } as unknown as Chain,
    observation,
  )
  expect(await chain.readMachine('id', { signal })).toBeNull()
  await expect(chain.readScript('id', { signal })).rejects.toBe(unreachable)
  const look = async () => ({ settled: false }) as const
  await chain.deliver({} as Parameters<Chain['deliver']>[0], { look, deadlineMs: 0 })
  expect(seen.map(([operation, outcome]) => [operation, outcome])).toEqual([
    ['read_machine', 'absent'],
    ['read_script', 'failed'],
    ['deliver', 'pending'],
  ])
})
