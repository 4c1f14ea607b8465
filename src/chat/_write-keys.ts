import { hash } from 'node:crypto'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { JsonObject } from '../core/json.ts'
import type { ChatMessage } from '../llm/language-model.ts'
import type { ChatCaller } from './chat.ts'

/** The request keys of one turn's writes. */
export type TurnKeys = {
  /** For a write that is about to run. */
  of(tool: string, args: JsonObject): string
  /** A write has succeeded: the same one again in this turn is another wish. */
  succeeded(tool: string, args: JsonObject): void
  /** The turn was told to its end, to somebody who listened. */
  delivered(): void
}

/** How long an identical chat request without a session or a key of its own counts as a retry of the first. */
const WINDOW_MS = 10 * 60_000

/**
 * Names every write of a chat by where it was asked for: who, which conversation up to the last thing the user said, which
 * tool and arguments, and how many writes on that game had succeeded in the turn. A client's retry, a "regenerate" and the
 * same request at two doors so get the same names, and nothing is signed twice. Nothing volatile goes in: no time, no call
 * id, no ordinal. System messages neither, since pages put the date there.
 */
export function createWriteKeys({ clock, newId }: { clock: Pick<Clock, 'monotonicMs'>; newId: NewId }) {
  // What began before this process is not remembered: without a name of its own it is another conversation, or a lone
  // prompt would find the game that it was given before a restart.
  const processId = newId()
  const conversations = createGenerations(clock)
  const lonePrompts = createGenerations(clock)

  return (caller: ChatCaller, messages: readonly ChatMessage[]): TurnKeys => {
    const base = baseOf(caller, messages, processId)
    const isNamed = caller.sessionId !== undefined || caller.idempotencyKey !== undefined
    // Apart, so that a prompt at one door and the same chat at another still meet in their first generation.
    const generations = caller.isOneShot ? lonePrompts : conversations
    const generation = isNamed ? 0 : generations.of(base)
    const succeeded = new Map<string, number>()
    return {
      of(tool, args) {
        const parts = [
          base,
          generation,
          tool,
          Object.entries(args).toSorted(byName),
          succeeded.get(subject(tool, args)) ?? 0,
        ]
        return `chat:${digest(parts)}`
      },
      succeeded(tool, args) {
        const game = subject(tool, args)
        succeeded.set(game, (succeeded.get(game) ?? 0) + 1)
      },
      delivered() {
        // Nobody repeats a lone prompt that was answered, unless they want it again.
        if (caller.isOneShot && !isNamed) generations.end(base)
      },
    }
  }
}

/** Counts how often the same words were a new wish. */
function createGenerations({ monotonicMs }: Pick<Clock, 'monotonicMs'>) {
  const begun = createBoundedMap<string, { readonly sinceMs: number; readonly generation: number }>(100_000)
  return {
    of(base: string): number {
      const nowMs = monotonicMs()
      const known = begun.get(base)
      if (known !== undefined && nowMs - known.sinceMs < WINDOW_MS) return known.generation
      const generation = known === undefined ? 0 : known.generation + 1
      begun.set(base, { sinceMs: nowMs, generation })
      return generation
    },
    /** The same words from now on are a new wish. */
    end(base: string): void {
      const known = begun.get(base)
      if (known !== undefined) begun.set(base, { ...known, sinceMs: Number.NEGATIVE_INFINITY })
    },
  }
}

const digest = (value: unknown): string => hash('sha256', JSON.stringify(value), 'hex')

const byName = ([one]: [string, unknown], [other]: [string, unknown]): number => (one < other ? -1 : 1)

/** Writes are counted per game; a game that is still to be made counts by the tool that makes it. */
const subject = (tool: string, { gameId }: JsonObject): string => (typeof gameId === 'string' ? gameId : tool)

function baseOf(
  { principal, sessionId, idempotencyKey }: ChatCaller,
  messages: readonly ChatMessage[],
  processId: string,
): string {
  if (idempotencyKey !== undefined) return digest([principal, 'key', idempotencyKey])
  const last = messages.findLastIndex(({ role }) => role === 'user')
  const said = messages.slice(0, last + 1).flatMap(({ role, content }) => (isSaid(role) ? [[role, content]] : []))
  return digest([principal, sessionId === undefined ? ['process', processId] : ['session', sessionId], said])
}

const isSaid = (role: ChatMessage['role']): boolean => role === 'user' || role === 'assistant'
