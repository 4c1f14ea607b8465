import type { Chain, Delivery, Look, SignedMessage } from '../chain/chain.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { CreateScript, CreateStateMachine } from '../fiber/messages.ts'
import type { Intent, IntentLog, LoggedIntent } from '../intent/intent.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import type { Signer } from '../signing/signed.ts'
import type { Caller } from './caller.ts'
import { machineMessage, oracleMessage } from './creations.ts'
import { WalletMismatchError } from './errors.ts'
import type { Outbox, Underway } from './outbox.ts'
import type { Rules } from './rules.ts'

/** The two wallets, by mark. */
export type Players = { readonly X: Signer; readonly O: Signer }

/** Whether this call made it, and the hash of the last message that did; null where all of it stood before. */
export type Making = { readonly made: boolean; readonly hash: string | null }

export type FiberMaker = {
  /** Makes the oracle of a new game and its first machine, unless they are there already: one intent, in this order. */
  makeGame(gameId: string, caller: Caller): Promise<Making>
  /** Makes the machine that begins with `round`. */
  makeMachine(gameId: string, round: number, caller: Caller): Promise<Making>
  /** Looks once whether all of a stored creation stands, and stores that. */
  lookAt(intent: LoggedIntent, caller: Caller): Promise<'open' | 'done'>
  /** Goes on with a stored creation where it was, forward only. */
  push(intent: LoggedIntent, caller: Caller): Promise<void>
}

/** Is it an intent to make fibers? The others are events of games. */
export const isCreation = ({ facts }: Pick<Intent, 'facts'>): boolean => facts['creation'] === true

type FiberMakerDeps = {
  readonly chain: Chain
  readonly outbox: Outbox
  readonly intents: Pick<IntentLog, 'owedIn' | 'delivered'>
  readonly players: Players
  readonly rules: Rules
}

type Creation = CreateScript | CreateStateMachine
/** What is compared: it came into being once, by its creator's message, and never changes. */
type Made = { readonly text: string; readonly owners: readonly string[] }

/**
 * Makes the fibers of a game. Both players sign, so both own them; an id that is taken counts as made only when what
 * stands there is exactly what would have been made.
 */
export function createFiberMaker(deps: FiberMakerDeps): FiberMaker {
  const { chain, outbox, intents, players, rules } = deps
  const signers = [players.X, players.O]
  const owners = signers.map(({ address }) => address).sort()

  const stands = async (message: Creation, caller: Caller): Promise<boolean> => {
    const found = await standing(chain, message, caller.deadline)
    if (found) assertEqual(found, { text: comparable(expectedPart(chain, message)), owners }, message.fiberId)
    return found !== undefined
  }

  /** Sends what does not stand yet, one after the other. @returns the hash of the last message that was sent */
  const follow = async (underway: Underway, caller: Caller): Promise<string | null> => {
    let hash: string | null = null
    for (const [step, signed] of underway.intent.messages.entries()) {
      const message = creationOf(signed)
      const isFresh = underway.earlier === undefined // then it was looked for before it was stored
      if (!isFresh && (await stands(message, caller))) continue
      const look = async (): Promise<Look<true>> =>
        (await stands(message, caller)) ? { settled: true, value: true } : { settled: false }
      let delivery = await outbox.deliver(underway, step, look, caller)
      if (delivery.outcome === 'settled') hash = signed.hash
      else if (isThereAlready(delivery)) delivery = await outbox.waitFor(underway.intent, step, look, caller)
      if (delivery.outcome !== 'settled') throw await outbox.failed(underway.intent, step, delivery, caller)
      outbox.made(message.fiberId)
    }
    await outbox.settle(underway.intent, { state: 'confirmed', mark: undefined }, caller)
    intents.delivered(underway.intent.id) // what was made is found by its id: nobody is owed an answer about it
    return hash
  }

  const make = async (gameId: string, wish: string, messages: readonly Creation[], caller: Caller): Promise<Making> => {
    const missing: Creation[] = []
    for (const message of messages) if (!(await stands(message, caller))) missing.push(message)
    const slot = `${messages.at(-1)?.fiberId}/creation`
    const owed = (await intents.owedIn(gameId)).find((intent) => isOpen(intent) && intent.slot === slot)
    if (owed !== undefined) return { made: true, hash: await follow(outbox.resume(owed), caller) }
    if (missing.length === 0) return { made: false, hash: null }
    const order = { gameId, slot, wish, messages: missing, signers, facts: { creation: true } }
    return { made: true, hash: await follow(await outbox.prepare(order, caller), caller) }
  }

  return {
    makeGame: (gameId, caller) =>
      make(gameId, 'create', [oracleMessage(rules, gameId), machineMessage(rules, players, gameId, 0)], caller),
    makeMachine: (gameId, round, caller) =>
      make(gameId, 'reset', [machineMessage(rules, players, gameId, round)], caller),
    async lookAt(intent, caller) {
      for (const signed of intent.messages) if (!(await stands(creationOf(signed), caller))) return 'open'
      await outbox.settle(intent, { state: 'confirmed', mark: undefined }, caller)
      intents.delivered(intent.id)
      return 'done'
    },
    async push(intent, caller) {
      await follow(outbox.resume(intent, true), caller)
    },
  }
}

/**
 * An earlier request, or another bridge in the same moment, made the same fiber: the refusal is as good as a success,
 * once the L0 shows it.
 * @see metakit validation errors
 */
const isThereAlready = (delivery: Delivery<unknown>): boolean =>
  delivery.outcome === 'refused' && /\bCidAlreadyExists\b/.test(delivery.reason)

const isOpen = ({ state }: LoggedIntent): boolean => state === 'submitting' || state === 'accepted'

/** An intent to make fibers holds nothing else. */
function creationOf({ message }: SignedMessage): Creation {
  if (message.type === 'CreateScript' || message.type === 'CreateStateMachine') return message
  throw new TypeError(`${message.type} makes no fiber.`)
}

/** What stands at the id of a creation, undefined where nothing does. */
async function standing(chain: Chain, message: Creation, signal: AbortSignal): Promise<Made | undefined> {
  if (message.type === 'CreateScript') {
    const script = await chain.readScript(message.fiberId, { signal })
    return script ? { text: comparable(script.scriptProgram), owners: script.owners } : undefined
  }
  const machine = await chain.readMachine(message.fiberId, { signal })
  return machine ? { text: comparable(machine.definition), owners: machine.owners } : undefined
}

/** @throws WalletMismatchError when somebody else's fiber stands there */
function assertEqual(found: Made, expected: Made, fiberId: string): void {
  const isOurs = found.text === expected.text && found.owners.toSorted().join() === expected.owners.join()
  if (!isOurs) throw new WalletMismatchError({ fiberId })
}

/** Nodes may leave out members that are null, so they do not count. */
const comparable = (value: JsonValue): string => canonicalize(dropNulls(value))

/** The program or the definition as the wire has it, whatever the message is called there. */
function expectedPart({ dialect }: Chain, message: Creation): JsonValue {
  const [fields] = Object.values(dialect.encode(message) as JsonObject)
  return isJsonObject(fields) ? (member(fields, 'scriptProgram') ?? member(fields, 'definition') ?? null) : null
}
