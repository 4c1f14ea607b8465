import type { Chain } from '../chain/chain.ts'
import { NotSentError } from '../chain/errors.ts'
import type { NodeAnswer, Transport } from '../chain/transport.ts'
import type { Clock } from '../core/clock.ts'

/** What is observed of a ledger: one POST, one read, one delivery from its first byte to its known fate. */
export type LedgerOperation = 'submit' | 'read_machine' | 'read_script' | 'read_snapshot' | 'deliver'

/** Both words are from fixed sets. */
export type ObserveLedger = (operation: LedgerOperation, outcome: string, seconds: number) => void

type Observation = { readonly observe: ObserveLedger; readonly clock: Pick<Clock, 'monotonicMs'> }

/** The same transport; each `POST` is observed as queued, refused (3xx, 4xx), failed, not_sent or no_answer. */
export function observeTransport(transport: Transport, { observe, clock }: Observation): Transport {
  return {
    ...transport,
    async request(asked) {
      if (asked.method !== 'POST') return transport.request(asked)
      const startMs = clock.monotonicMs()
      const end = (outcome: string) => observe('submit', outcome, (clock.monotonicMs() - startMs) / 1000)
      try {
        const answer = await transport.request(asked)
        end(wordOf(answer))
        return answer
      } catch (error) {
        end(error instanceof NotSentError ? 'not_sent' : 'no_answer')
        throw error
      }
    },
  }
}

function wordOf({ status }: NodeAnswer): string {
  if (status === 200) return 'queued'
  return status >= 300 && status < 500 ? 'refused' : 'failed'
}

/** The same chain; reads are observed as found, absent or failed, deliveries by their outcome. */
export function observeChain(chain: Chain, { observe, clock }: Observation): Chain {
  const observeRead = async <T>(operation: LedgerOperation, read: Promise<T | null>): Promise<T | null> => {
    const startMs = clock.monotonicMs()
    const end = (outcome: string) => observe(operation, outcome, (clock.monotonicMs() - startMs) / 1000)
    try {
      const record = await read
      end(record === null ? 'absent' : 'found')
      return record
    } catch (error) {
      end('failed')
      throw error
    }
  }
  return {
    ...chain,
    readMachine: (fiberId, options) => observeRead('read_machine', chain.readMachine(fiberId, options)),
    readScript: (fiberId, options) => observeRead('read_script', chain.readScript(fiberId, options)),
    readSnapshot: (name, options) => observeRead('read_snapshot', chain.readSnapshot(name, options)),
    async deliver(signed, options) {
      const startMs = clock.monotonicMs()
      const delivery = await chain.deliver(signed, options)
      observe('deliver', delivery.outcome, (clock.monotonicMs() - startMs) / 1000)
      return delivery
    },
  }
}
