import { AsyncLocalStorage } from 'node:async_hooks'
import type { Chain, Delivery, SignedMessage } from '../chain/chain.ts'
import { NotSentError } from '../chain/errors.ts'
import type { NodeAnswer, Transport } from '../chain/transport.ts'
import type { Spans, Step } from './_spans.ts'
import { codeOf } from './_spans.ts'

/** Both watch the same ledger: the way to it knows what was submitted, the chain what became of it. */
export type LedgerTracing = {
  watchChain(chain: Chain): Chain
  watchTransport(transport: Transport): Transport
}

/** One delivery on its way. */
type Sending = { onSubmitted(): void }

/**
 * The steps of a message: `build` (encoded, hashed; its signatures are parts of it), `submit` (one `POST`, more when it
 * goes out again), and `confirm`, from the first one that the ledger may have taken until its fate is known.
 */
export function createLedgerTracing(spans: Spans): LedgerTracing {
  const sending = new AsyncLocalStorage<Sending>()
  return {
    watchChain: (chain) => ({
      ...chain,
      sign: (message, signers) => build(spans, message.type, () => chain.sign(message, signers)),
      async deliver(signed, options) {
        let confirm: Step | undefined
        const onSubmitted = () => {
          confirm ??= spans.beginPart({ name: 'confirm', attributes: { 'otto.hash': signed.hash } })
        }
        try {
          const delivery = await sending.run({ onSubmitted }, () => chain.deliver(signed, options))
          noteFate(confirm, delivery)
          return delivery
        } finally {
          confirm?.end()
        }
      },
    }),
    watchTransport: (transport) => ({
      ...transport,
      async request(asked) {
        const step = asked.method === 'POST' ? spans.beginPart({ name: 'submit', isClient: true }) : undefined
        if (step === undefined) return transport.request(asked)
        const onSubmitted = () => sending.getStore()?.onSubmitted()
        return submit(step, () => transport.request(asked), onSubmitted)
      },
    }),
  }
}

async function build(spans: Spans, message: string, sign: () => Promise<SignedMessage>): Promise<SignedMessage> {
  const step = spans.beginPart({ name: 'build', attributes: { 'otto.message': message } })
  if (step === undefined) return sign()
  try {
    const signed = await step.run(sign)
    step.set({ 'otto.hash': signed.hash })
    return signed
  } catch (error) {
    step.fail(codeOf(error))
    throw error
  } finally {
    step.end()
  }
}

async function submit(step: Step, post: () => Promise<NodeAnswer>, onSubmitted: () => void): Promise<NodeAnswer> {
  try {
    const answer = await step.run(post)
    const { status } = answer
    step.set({ 'http.response.status_code': status })
    if (status !== 200) step.fail(String(status))
    if (!isRefusal(status)) onSubmitted()
    return answer
  } catch (error) {
    step.fail(codeOf(error))
    if (!(error instanceof NotSentError)) onSubmitted()
    throw error
  } finally {
    step.end()
  }
}

/** A node that answers so holds nothing. */
const isRefusal = (status: number): boolean => status >= 300 && status < 500

function noteFate(confirm: Step | undefined, { outcome }: Delivery<unknown>): void {
  confirm?.set({ 'otto.outcome': outcome })
  if (outcome !== 'settled') confirm?.fail(outcome)
}
