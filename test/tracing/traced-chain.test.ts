import { expect, test } from 'vitest'
import type { Chain, Delivery } from '../../src/chain/chain.ts'
import { NoAnswerError, NotSentError } from '../../src/chain/errors.ts'
import type { NodeAnswer, Transport } from '../../src/chain/transport.ts'
import { createLedgerTracing } from '../../src/tracing/traced-chain.ts'
import { signedMove } from '../chain/scripted-ledger.ts'
import { recordSpans } from './_recorded.ts'

const { signal } = new AbortController()
const post = { layer: 'l1', method: 'POST', path: '/data', body: {}, signal } as const
const look = async () => ({ settled: false }) as const

/** What one POST meets: an answer's status, or an error. */
type Met = number | Error

const answerOf = (met: Met): NodeAnswer => {
  if (typeof met !== 'number') throw met
  return { status: met, json: null, text: undefined, retryAfterSeconds: undefined }
}

/** A chain that posts as often as it is told what it meets, and then says how the delivery ended. */
function traced(meets: readonly Met[], delivery: Delivery<undefined>) {
  const recorded = recordSpans()
  const { watchChain, watchTransport } = createLedgerTracing(recorded.spans)
  const answers = meets.values()
  const transport = watchTransport({
    request: async ({ method }) => answerOf(method === 'POST' ? (answers.next().value ?? 200) : 200),
    close: async () => {},
  } satisfies Transport)
  // Only what is asked here is there: the rest of a chain is never touched.
  const chain = watchChain({
    sign: async () => signedMove,
    async deliver() {
      for (const _ of meets) await transport.request(post).catch(() => {})
      return delivery
    },
  } as unknown as Chain)
  const step = recorded.spans.begin('call', { name: 'tool' })
  return { ...recorded, chain, transport, step }
}

test('a message is built, submitted and confirmed, each a part of the call', async () => {
  const { chain, step, told } = traced([200], { outcome: 'settled', value: undefined })
  await step.run(async () => {
    const signed = await chain.sign(signedMove.message, [])
    expect(await chain.deliver(signed, { look, deadlineMs: 0 })).toMatchObject({ outcome: 'settled' })
  })
  step.end()
  const hash = signedMove.hash
  expect(told().map(({ name, parent, failure, attributes }) => ({ name, parent, failure, attributes }))).toEqual([
    {
      name: 'build',
      parent: 'tool',
      failure: undefined,
      attributes: { 'otto.message': 'ArchiveStateMachine', 'otto.hash': hash },
    },
    { name: 'submit', parent: 'tool', failure: undefined, attributes: { 'http.response.status_code': 200 } },
    {
      name: 'confirm',
      parent: 'tool',
      failure: undefined,
      attributes: { 'otto.hash': hash, 'otto.outcome': 'settled' },
    },
    { name: 'tool', parent: undefined, failure: undefined, attributes: { 'otto.trace_id': 'call' } },
  ])
})

test.each<{ name: string; meets: readonly Met[]; delivery: Delivery<undefined>; steps: readonly unknown[] }>([
  {
    name: 'a refusal leaves nothing to confirm',
    meets: [400],
    delivery: { outcome: 'refused', reason: 'no' },
    steps: [['submit', '400']],
  },
  {
    name: 'so does an L1 that nobody reached',
    meets: [new NotSentError('refused'), new NotSentError('refused')],
    delivery: { outcome: 'not_sent', cause: undefined },
    steps: [
      ['submit', 'LEDGER_UNREACHABLE'],
      ['submit', 'LEDGER_UNREACHABLE'],
    ],
  },
  {
    name: 'a lost answer may have been a yes',
    meets: [new NoAnswerError('l1'), 200],
    delivery: { outcome: 'pending' },
    steps: [
      ['submit', 'LEDGER_NO_ANSWER'],
      ['submit', undefined],
      ['confirm', 'pending'],
    ],
  },
  {
    name: 'so may a failure of the node',
    meets: [503],
    delivery: { outcome: 'unknown' },
    steps: [
      ['submit', '503'],
      ['confirm', 'unknown'],
    ],
  },
  {
    name: 'a bug is told by its code alone',
    meets: [new Error('secret')],
    delivery: { outcome: 'unknown' },
    steps: [
      ['submit', 'INTERNAL_ERROR'],
      ['confirm', 'unknown'],
    ],
  },
])('$name', async ({ meets, delivery, steps }) => {
  const { chain, step, told } = traced(meets, delivery)
  expect(await step.run(() => chain.deliver(signedMove, { look, deadlineMs: 0 }))).toEqual(delivery)
  expect(told().map(({ name, failure }) => [name, failure])).toEqual(steps)
  expect(JSON.stringify(told())).not.toContain('secret')
})

test('a GET is no submission, and a POST outside of any call is no span', async () => {
  const { transport, step, told } = traced([], { outcome: 'pending' })
  await step.run(() => transport.request({ layer: 'l0', method: 'GET', path: '/node/info', signal }))
  await transport.request(post)
  expect(told()).toEqual([])
})
