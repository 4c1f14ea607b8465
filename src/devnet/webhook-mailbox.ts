import { createHmac } from 'node:crypto'
import type { Dispatcher } from 'undici'
import { request } from 'undici'

/** One notice on its way: its body, and whether a failure counts. */
export type Letter = { readonly body: string; readonly counts: boolean }

/** Delivers to one subscriber, one after the other, in the background. */
export type Mailbox = {
  /** The oldest is dropped when 100 wait already. */
  post(letter: Letter): void
  /** Nothing more goes out; what is on its way is given up. */
  close(): void
  settled(): Promise<void>
}

export type MailboxDeps = {
  readonly callbackUrl: string
  readonly secret: string | null
  readonly dispatcher: Dispatcher
  /** Told how each delivery ended: undefined is well. Not of those that closing gave up. */
  readonly onEnd: (letter: Letter, failure: unknown) => void
}

const maxWaiting = 100
const deliveryTimeoutMs = 5_000

/** A mailbox for one address. Redirects are not followed: they are failures like any answer but 2xx. */
export function createMailbox({ callbackUrl, secret, dispatcher, onEnd }: MailboxDeps): Mailbox {
  const waiting: Letter[] = []
  const closing = new AbortController()
  let running = Promise.resolve()
  let isBusy = false

  async function run(): Promise<void> {
    isBusy = true
    for (let letter = waiting.shift(); letter !== undefined; letter = waiting.shift()) {
      const failure = await deliver(letter.body).then(
        () => undefined,
        (error: unknown) => error,
      )
      if (!closing.signal.aborted) onEnd(letter, failure)
    }
    isBusy = false
  }

  async function deliver(body: string): Promise<void> {
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(deliveryTimeoutMs)])
    const headers = { 'content-type': 'application/json', ...signatureOf(body, secret) }
    const answer = await request(callbackUrl, { method: 'POST', headers, body, dispatcher, signal })
    await answer.body.dump()
    if (answer.statusCode < 200 || answer.statusCode > 299) throw new Error(`It answered ${answer.statusCode}.`)
  }

  return {
    post(letter) {
      if (closing.signal.aborted) return
      waiting.push(letter)
      if (waiting.length > maxWaiting) waiting.shift()
      if (!isBusy) running = run()
    },
    close() {
      waiting.length = 0
      closing.abort(new Error('The subscriber is gone.'))
    },
    settled: () => running,
  }
}

/** @see OttoChain `WebhookDispatcher`: HMAC-SHA-256 of the body under the subscriber's secret */
const signatureOf = (body: string, secret: string | null) =>
  secret === null
    ? {}
    : { 'x-ottochain-signature': `sha256=${createHmac('sha256', secret).update(body, 'utf8').digest('hex')}` }
