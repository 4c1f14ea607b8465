import { AsyncLocalStorage } from 'node:async_hooks'
import type { Chain, DeliverOptions, Delivery, SignedMessage } from '../chain/chain.ts'
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
      sign: (message, signers) => build(spans, message, () => chain.sign(message, signers)),
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
