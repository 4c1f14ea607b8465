import type { Desk } from './_desk.ts'
import { createGameQueue } from './_queue.ts'
import { createTraces } from './_traces.ts'
import { createFiberMaker } from './create-game.ts'
import type { GamesDeps } from './games-deps.ts'
import { createOutbox } from './outbox.ts'
import { createGameReader } from './read-game.ts'
import { createEventSender } from './send-event.ts'
import { createSigningDesk } from './signing-desk.ts'

/** Puts together what every operation on a game works with. */
export function createDesk(deps: GamesDeps): Desk {
  const { chain, players, rules, clock, network, intents, locks } = deps
  const signing = createSigningDesk(deps)
  const outbox = createOutbox({ ...deps, signing })
  const reader = createGameReader({ ...deps, markOf: intents.markOf })
  const traces = createTraces(chain)
  return {
    intents,
    reader,
    traces,
    sender: createEventSender({ outbox, reader, traces, network, onDelivered: intents.delivered }),
    maker: createFiberMaker({ chain, outbox, intents, players, rules }),
    queue: createGameQueue({ clock, locks }),
    players,
    rules,
    forget: outbox.forget,
  }
}
