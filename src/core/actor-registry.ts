import { BaseError } from './errors.ts'

const facts = {
  exists: 'runs already',
  full: 'is one too many',
  closed: 'comes too late: everything is being stopped',
} as const

/** A name that is taken, one too many, or one that comes after the end. */
export class ActorRefusedError extends BaseError {
  override readonly code = 'ACTOR_REFUSED'
  override readonly kind = 'conflict'
  constructor(reason: keyof typeof facts, key: string) {
    super(`${key} ${facts[reason]}.`, { details: { reason, key } })
  }
}

/** What runs in this process, by type and id: `agent:otto`. */
export type ActorRegistry<Actor> = {
  /**
   * @returns takes the name back; once another has it, nothing
   * @throws ActorRefusedError for a name that is taken, and when it is full
   */
  register(type: string, id: string, actor: Actor): () => void
  get(type: string, id: string): Actor | undefined
  /** In the order of their coming. */
  list(type: string): readonly { readonly id: string; readonly actor: Actor }[]
}

/** @param limit of all types together (≥ 1); 10,000 unless told */
export function createActorRegistry<Actor>(limit = 10_000): ActorRegistry<Actor> {
  const byType = new Map<string, Map<string, Actor>>()
  let size = 0
  const remove = (type: string, id: string): void => {
    const actors = byType.get(type)
    if (!actors?.delete(id)) return
    size -= 1
    if (actors.size === 0) byType.delete(type)
  }
  return {
    register(type, id, actor) {
      const actors = byType.get(type) ?? new Map<string, Actor>()
      if (actors.has(id)) throw new ActorRefusedError('exists', `${type}:${id}`)
      if (size >= limit) throw new ActorRefusedError('full', `${type}:${id}`)
      byType.set(type, actors.set(id, actor))
      size += 1
      let isHeld = true
      return () => {
        if (isHeld) remove(type, id)
        isHeld = false
      }
    },
    get: (type, id) => byType.get(type)?.get(id),
    list: (type) => [...(byType.get(type) ?? [])].map(([id, actor]) => ({ id, actor })),
  }
}
