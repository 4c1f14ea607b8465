import type { Chain, Delivery, Look, SignedMessage } from '../chain/chain.ts'
import { createBoundedMap } from '../core/bounded-map.ts'
import type { JsonObject, JsonValue } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { CreateScript, CreateStateMachine } from '../fiber/messages.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import type { Signer } from '../signing/signed.ts'
import type { Caller } from './caller.ts'
import {
  ConfirmationPendingError,
  LedgerRefusedError,
  NotSubmittedError,
  OutcomeUnknownError,
  WalletMismatchError,
} from './errors.ts'
import { machineIdOf, oracleIdOf } from './ids.ts'
import type { Rules } from './rules.ts'

/** The two wallets, by mark. */
export type Players = { readonly X: Signer; readonly O: Signer }

export type FiberMaker = {
  /** Makes the oracle of a new game, unless it is there already. @returns whether this call made it */
  makeOracle(gameId: string, caller: Caller): Promise<boolean>
  /** Makes the machine that begins with `round`. The hash is that of the message, `made` whether this call made it. */
  makeMachine(gameId: string, round: number, caller: Caller): Promise<{ readonly made: boolean; readonly hash: string }>
}

type FiberMakerDeps = { readonly chain: Chain; readonly players: Players; readonly rules: Rules }
type Creation = CreateScript | CreateStateMachine
/** What is compared: it came into being once, by its creator's message, and never changes. */
type Made = { readonly text: string; readonly owners: readonly string[] }

/**
 * Makes the fibers of a game. Both players sign, so both own them; an id that is taken counts as made only when what
 * stands there is exactly what would have been made.
 */
export function createFiberMaker({ chain, players, rules }: FiberMakerDeps): FiberMaker {
  const signers = [players.X, players.O]
  const owners = signers.map(({ address }) => address).sort()
  const open = createBoundedMap<string, true>(10_000) // by fiberId: sent, and its fate was not known at the deadline

  const make = async (message: Creation, caller: Caller): Promise<{ made: boolean; hash: string }> => {
    const { fiberId } = message
    const signed = await chain.sign(message, signers)
    const expected: Made = { text: comparable(immutablePart(signed.envelope.value)), owners }
    const before = await standing(chain, message, caller.deadline)
    if (before) {
      assertEqual(before, expected, fiberId)
      return { made: false, hash: signed.hash }
    }
    const isResent = open.get(fiberId) !== undefined
    const delivery = await send(chain, message, signed, caller)
    if (delivery.outcome === 'pending' || delivery.outcome === 'unknown') open.set(fiberId, true)
    else if (delivery.outcome === 'settled') open.delete(fiberId)
    // Another bridge may have made the same fiber in the same moment: then the refusal is as good as a success.
    const late = delivery.outcome === 'refused' ? await standing(chain, message, caller.deadline) : undefined
    const found = delivery.outcome === 'settled' ? delivery.value : late
    // What an earlier call sent may still be applied: neither a refusal nor silence speaks of that.
    if (!found && isResent && delivery.outcome !== 'pending') throw new OutcomeUnknownError({ fiberId })
    if (!found) throw notMade(message, delivery)
    assertEqual(found, expected, fiberId)
    return { made: late === undefined, hash: signed.hash }
  }

  return {
    async makeOracle(gameId, caller) {
      const { scriptProgram, accessControl } = rules.oracle
      const initialState = { ...rules.oracle.initialState, gameId }
      const fiberId = oracleIdOf(gameId)
      const message: CreateScript = {
        type: 'CreateScript',
        fiberId,
        vocabulary: 'current',
        scriptProgram,
        initialState,
        accessControl,
      }
      return (await make(message, caller)).made
    },
    makeMachine(gameId, round, caller) {
      const oracleFiberId = oracleIdOf(gameId)
      const { X, O } = players
      return make(
        {
          type: 'CreateStateMachine',
          fiberId: machineIdOf(gameId, round),
          definition: rules.machine.instantiate(oracleFiberId),
          initialData: { gameId, oracleFiberId, playerX: X.address, playerO: O.address, roundCount: round },
          parentFiberId: null,
        },
        caller,
      )
    },
  }
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

function send(chain: Chain, message: Creation, signed: SignedMessage, caller: Caller): Promise<Delivery<Made>> {
  const { deadlineMs, onSubmitting, deadline } = caller
  const look = async (): Promise<Look<Made>> => {
    const found = await standing(chain, message, deadline)
    return found ? { settled: true, value: found } : { settled: false }
  }
  return chain.deliver(signed, { look, deadlineMs, onSubmitting })
}

/** @throws WalletMismatchError when somebody else's fiber stands there */
function assertEqual(found: Made, expected: Made, fiberId: string): void {
  const isOurs = found.text === expected.text && found.owners.toSorted().join() === expected.owners.join()
  if (!isOurs) throw new WalletMismatchError({ fiberId })
}

/** Nodes may leave out members that are null, so they do not count. */
const comparable = (value: JsonValue): string => canonicalize(dropNulls(value))

/** The program or the definition inside a wire message, whatever the message is called. */
function immutablePart(wire: JsonObject): JsonValue {
  const [fields] = Object.values(wire)
  return isJsonObject(fields) ? (member(fields, 'scriptProgram') ?? member(fields, 'definition') ?? null) : null
}

function notMade(
  { fiberId }: Creation,
  delivery: { readonly outcome: string; readonly reason?: string; readonly cause?: unknown },
) {
  if (delivery.outcome === 'refused') return new LedgerRefusedError(delivery.reason ?? '')
  if (delivery.outcome === 'not_sent') return new NotSubmittedError(delivery.cause)
  if (delivery.outcome === 'pending') return new ConfirmationPendingError({ fiberId })
  return new OutcomeUnknownError({ fiberId })
}
