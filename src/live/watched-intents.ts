import { createBoundedMap } from '../core/bounded-map.ts'
import type { Intent, IntentLog, IntentState } from '../intent/intent.ts'
import type { LiveIntent } from './live.ts'

/** Told how far an intent of a game has come, once that is written down. Returns at once, never throws. */
export type OnIntent = (gameId: string, intent: LiveIntent) => void

/** Intents that are followed at once; of one that was forgotten nothing more is told. */
const maxFollowed = 10_000

type Followed = Pick<Intent, 'gameId' | 'slot' | 'traceId'> & { readonly told?: IntentState }

/** The same log; every state of an intent that this process works on is told. */
export function watchIntentLog(intents: IntentLog, onIntent: OnIntent): IntentLog {
  const followed = createBoundedMap<string, Followed>(maxFollowed)

  const follow = ({ id, gameId, slot, traceId }: Intent): void => followed.set(id, { gameId, slot, traceId })
  const tell = (id: string, state: IntentState): void => {
    const intent = followed.get(id)
    // One of several messages is accepted as often.
    if (intent === undefined || intent.told === state) return
    followed.set(id, { ...intent, told: state })
    const { gameId, slot, traceId } = intent
    onIntent(gameId, { id, slot, state, traceId })
  }
  return {
    ...intents,
    async prepare(intent) {
      const isStored = await intents.prepare(intent)
      if (isStored) {
        follow(intent)
        tell(intent.id, 'submitting')
      }
      return isStored
    },
    accepted(id) {
      intents.accepted(id)
      tell(id, 'accepted')
    },
    async settle(id, settlement) {
      await intents.settle(id, settlement)
      tell(id, settlement.state)
      followed.delete(id)
    },
    async adoptOpen(limit) {
      const open = await intents.adoptOpen(limit)
      for (const intent of open) follow(intent)
      return open
    },
  }
}
