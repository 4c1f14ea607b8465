import type { Chain } from '../chain/chain.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Pass } from '../core/crash-point.ts'
import type { Log } from '../core/log.ts'
import type { GameLocks, IntentLog } from '../intent/intent.ts'
import type { Verifier } from '../signing/verify.ts'
import type { Players } from './create-game.ts'
import type { Rules } from './rules.ts'

/** Everything that games touch. */
export type GamesDeps = {
  readonly chain: Chain
  readonly players: Players
  readonly rules: Rules
  readonly clock: Clock
  readonly newId: NewId
  /** Names the network inside event keys and game ids. */
  readonly network: string
  readonly intents: IntentLog
  readonly locks: GameLocks
  /** Do other bridges share the log of intents? */
  readonly isShared: boolean
  readonly verifier: Verifier
  readonly log: Log
  readonly pass: Pass
}
