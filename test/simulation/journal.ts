import type { JsonObject } from '../../src/core/json.ts'
import type { ToolOutcome } from '../../src/tools/tool.ts'

/** One try at a wish: one request to one bridge. */
export type Attempt = {
  readonly wish: Wish
  readonly traceId: string
  readonly bridgeId: string
  readonly startMs: number
  /** How long the caller was ready to wait. */
  readonly deadlineMs: number
  /** When it was answered, or its bridge died; undefined while it is under way. */
  endMs: number | undefined
  /** Undefined when its bridge died. */
  outcome: ToolOutcome | undefined
  /** The caller hung up: whether it was answered in time does not matter to anybody. */
  hungUp: boolean
  /** The newest state that had been answered by this bridge, or confirmed by any, when it began. */
  readonly floor: number
}

/** What one client wanted once, however often it asked for it. */
export type Wish = {
  readonly principal: string
  readonly tool: string
  readonly args: JsonObject
  readonly key: string | undefined
  /** The only client of the game, which waits for the end of each wish before the next: it may ask again blindly. */
  readonly isAlone: boolean
  readonly attempts: Attempt[]
}

export type Journal = { readonly wishes: Wish[] }

/** The game that an attempt was about or made; undefined for a creation that was not answered. */
export function gameOf({ wish, outcome }: Attempt): string | undefined {
  const { gameId } = wish.args
  if (typeof gameId === 'string') return gameId
  const made = outcome?.success ? outcome.result['gameId'] : undefined
  return typeof made === 'string' ? made : undefined
}
