import type { JsonValue } from '../../src/core/json.ts'
import { isJsonArray, isJsonObject } from '../../src/core/json.ts'
import type { Engine } from '../../src/fiber/engine.ts'
import { createEngine } from '../../src/fiber/engine.ts'
import type { EngineProof } from '../../src/fiber/lookup.ts'
import type { Message } from '../../src/fiber/messages.ts'
import { openUnsigned } from './_ledger.ts'

/** The messages of one game as the engine got them: two creations, the start, then moves. */
export type RecordedGame = {
  readonly steps: readonly { readonly message: Message; readonly proofs: readonly EngineProof[] }[]
  /** The ids of the game, its oracle and its machine. */
  readonly ids: readonly string[]
}

/** Plays a game on a ledger that forgets, and keeps what its engine was given. */
export async function recordGame(moves: number): Promise<RecordedGame> {
  const steps: { message: Message; proofs: readonly EngineProof[] }[] = []
  const inner = createEngine()
  const engine: Engine = {
    ...inner,
    apply(fibers, message, proofs, snapshot) {
      steps.push({ message, proofs })
      return inner.apply(fibers, message, proofs, snapshot)
    },
  }
  const ledger = await openUnsigned({ dataDir: null, engine })
  const gameId = await ledger.begin()
  await ledger.play(gameId, moves)
  await ledger.close()
  return { steps, ids: [gameId, ...new Set(steps.map(({ message }) => message.fiberId))] }
}

/** Renames ids inside a value. What holds none stays the same object, so that what was shared stays shared. */
export function renameIds<T>(value: T, names: ReadonlyMap<string, string>): T {
  const walk = (json: JsonValue): JsonValue => {
    if (typeof json === 'string') return names.get(json) ?? json
    if (withoutIds.has(json as object)) return json
    if (isJsonArray(json)) {
      const items = json.map(walk)
      return items.some((item, at) => item !== json[at]) ? items : kept(json)
    }
    if (!isJsonObject(json)) return json
    const entries = Object.entries(json).map(([key, member]) => [key, walk(member)] as const)
    return entries.some(([key, member]) => member !== json[key]) ? Object.fromEntries(entries) : kept(json)
  }
  return walk(value as JsonValue) as T // messages and records are JSON
}

const withoutIds = new WeakSet<object>()

function kept<T extends object>(json: T): T {
  withoutIds.add(json)
  return json
}
