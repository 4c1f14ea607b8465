import type { Message } from '../fiber/messages.ts'
import type { Refusal } from './refusal.ts'

/** Which message used which event key. The oldest keys are forgotten beyond 200,000. */
export type EventKeys = {
  /** The hash of the message that used the key, undefined for one that is free. */
  userOf(key: string): string | undefined
  use(key: string, hash: string): void
  entries(): readonly (readonly [key: string, hash: string])[]
}

const maxKeys = 200_000

/** The key of an event within the ledger: its machine and its idempotency key. Undefined where it has none. */
export const eventKeyOf = (message: Message): string | undefined =>
  message.type === 'TransitionStateMachine' && message.idempotencyKey !== null
    ? `${message.fiberId} ${message.idempotencyKey}`
    : undefined

/** What an event hears whose key another one used. */
export const keyUsed = (message: Message): Refusal => ({
  code: 'IdempotencyKeyUsed',
  message: 'Another event of this machine has this key.',
  detail: message.fiberId,
})

/** Keys as a checkpoint kept them, oldest first. */
export function createEventKeys(known: Iterable<readonly [string, string]>): EventKeys {
  const users = new Map(known)
  return {
    userOf: (key) => users.get(key),
    use(key, hash) {
      users.set(key, hash)
      const [oldest] = users.keys()
      if (users.size > maxKeys && oldest !== undefined) users.delete(oldest)
    },
    entries: () => [...users],
  }
}
