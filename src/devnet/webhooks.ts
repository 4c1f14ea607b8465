import { Agent } from 'undici'
import type { Clock, NewId } from '../core/clock.ts'
import type { JsonArray, JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import type { WebhookReach } from './callback-url.ts'
import { faultOfCallback } from './callback-url.ts'
import type { Announce } from './published.ts'
import type { Mailbox } from './webhook-mailbox.ts'
import { createMailbox } from './webhook-mailbox.ts'
import { snapshotFinalized, transactionRejected } from './webhook-notices.ts'

/** Who is called when a snapshot is final or a message refused. Kept in memory alone, as a node does. */
export type Webhooks = {
  /** The subscriber as its caller is told, or what is wrong with the request. */
  subscribe(callbackUrl: string, secret: string | null): JsonObject | string
  /** Was there one with this id? */
  unsubscribe(id: string): boolean
  /** All of them, without their secrets, oldest first. */
  list(): JsonArray
  readonly announce: Announce
  close(): Promise<void>
}

export type WebhooksDeps = {
  readonly reach: WebhookReach
  readonly metagraphId: string
  readonly clock: Clock
  readonly newId: NewId
  readonly log: Log
}

type Subscriber = {
  readonly id: string
  readonly callbackUrl: string
  readonly secret: string | null
  readonly createdAt: string
  readonly mailbox: Mailbox
  lastDeliveryAt: string | null
  /** Snapshots in a row that could not be delivered. */
  failCount: number
  active: boolean
}

const maxSubscribers = 100
const maxFailures = 5

/** Nobody yet. With reach `off` subscribers are kept and never called. @see OttoChain `SubscriberRegistry` */
export function createWebhooks({ reach, metagraphId, clock, newId, log }: WebhooksDeps): Webhooks {
  const subscribers = new Map<string, Subscriber>()
  const dispatcher = new Agent({ connections: 2, connect: { timeout: 2_000 }, maxResponseSize: 64 * 1024 })
  const now = () => new Date(clock.nowMs()).toISOString()

  function open(callbackUrl: string, secret: string | null): Subscriber {
    const id = `sub_${newId().replaceAll('-', '').slice(-8)}`
    const subscriber: Subscriber = {
      id,
      callbackUrl,
      secret,
      createdAt: now(),
      lastDeliveryAt: null,
      failCount: 0,
      active: true,
      mailbox: createMailbox({
        callbackUrl,
        secret,
        dispatcher,
        onEnd({ counts }, failure) {
          if (failure !== undefined) log.warn({ err: failure, subscriber: id }, 'webhook was not delivered')
          if (counts) note(subscriber, failure === undefined)
        },
      }),
    }
    return subscriber
  }

  function note(subscriber: Subscriber, isDelivered: boolean): void {
    subscriber.failCount = isDelivered ? 0 : subscriber.failCount + 1
    if (isDelivered) subscriber.lastDeliveryAt = now()
    if (subscriber.failCount < maxFailures) return
    subscriber.active = false
    subscriber.mailbox.close()
  }

  return {
    subscribe(callbackUrl, secret) {
      const fault = faultOfCallback(callbackUrl, reach)
      if (fault !== undefined) return fault
      if (subscribers.size >= maxSubscribers) return 'There are too many subscribers'
      const subscriber = open(callbackUrl, secret)
      subscribers.set(subscriber.id, subscriber)
      return { id: subscriber.id, callbackUrl, createdAt: subscriber.createdAt }
    },
    unsubscribe(id) {
      subscribers.get(id)?.mailbox.close()
      return subscribers.delete(id)
    },
    list: () => [...subscribers.values()].map(({ mailbox: _, ...fields }) => ({ ...fields, secret: '***' })),
    announce({ shown, rejections, ordinal, view }) {
      const active = reach === 'off' ? [] : [...subscribers.values()].filter((subscriber) => subscriber.active)
      if (active.length === 0) return
      const head = { metagraphId, nowMs: clock.nowMs() }
      const letters = [
        ...rejections.map((rejection) => ({ notice: transactionRejected(rejection, ordinal, head), counts: false })),
        ...shown.map((snapshot) => ({ notice: snapshotFinalized(snapshot, view, head), counts: true })),
      ].map(({ notice, counts }) => ({ body: JSON.stringify(notice), counts }))
      for (const { mailbox } of active) for (const letter of letters) mailbox.post(letter)
    },
    async close() {
      for (const { mailbox } of subscribers.values()) mailbox.close()
      await Promise.all([...subscribers.values()].map(({ mailbox }) => mailbox.settled()))
      await dispatcher.destroy()
    },
  }
}
