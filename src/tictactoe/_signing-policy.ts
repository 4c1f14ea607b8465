import { isDeepStrictEqual } from 'node:util'
import { z } from 'zod'
import { uuidPattern } from '../core/uuid.ts'
import type { Message, TransitionStateMachine } from '../fiber/messages.ts'
import type { Signer } from '../signing/signed.ts'
import { machineMessage, oracleMessage } from './creations.ts'
import { PlayedMove } from './game-view.ts'
import { eventKeyOf, machineIdOf } from './ids.ts'
import type { Rules } from './rules.ts'
import { SigningRefusedError } from './signing-errors.ts'

export type SigningPolicyDeps = {
  readonly players: { readonly X: Signer; readonly O: Signer }
  readonly rules: Rules
  /** Names the network inside event keys. */
  readonly network: string
}

/** What may be signed: who signs it, and the place on the ledger that it takes. */
export type Allowed = { readonly signers: readonly Signer[]; readonly place: string }

/** @throws SigningRefusedError `refused_by_policy` for anything but a message of the catalogue */
export type SigningPolicy = (message: Message, asked: readonly Signer[]) => Allowed

const Round = z.int().min(0)
/** Of an event out of `playing`. Out of `setup` it is 0. @see Slot */
const NextMove = PlayedMove.shape.moveNum
const Id = z
  .string()
  .regex(uuidPattern)
  .refine((id) => id === id.toLowerCase())
/** What a node takes as text; the tools take the same. @see the payload rules in src/fiber/ */
const ReasonText = z
  .string()
  .max(500)
  .regex(/^\P{Cc}*$/u)
  .refine((text) => text.isWellFormed())

const eventWith = <Name extends string, Members extends z.core.$ZodLooseShape>(name: Name, members: Members) =>
  z.strictObject({
    type: z.literal('TransitionStateMachine'),
    fiberId: Id,
    eventName: z.literal(name),
    payload: z.strictObject(members),
    targetSequenceNumber: z.int().min(0).nullable(),
    idempotencyKey: Id,
  })

/** Each event with its members, none more. @see statemachine/tictactoe.json */
const Event = z.discriminatedUnion('eventName', [
  eventWith('start_game', {
    playerX: z.string(),
    playerO: z.string(),
    gameId: Id,
    round: Round,
    moveNum: z.literal(0),
  }),
  eventWith('make_move', {
    player: PlayedMove.shape.player,
    cell: PlayedMove.shape.cell,
    round: Round,
    moveNum: NextMove,
  }),
  eventWith('reset_board', { round: Round, moveNum: NextMove }),
  eventWith('cancel_game', {
    requestedBy: z.string(),
    reason: ReasonText,
    round: Round,
    moveNum: z.union([z.literal(0), NextMove]),
  }),
])
type Event = z.output<typeof Event>

const NewGame = z.object({ gameId: Id })
const NewRound = z.object({ gameId: Id, roundCount: Round })

/**
 * The catalogue as the wallet sees it. It trusts nobody above it: each message is held against what the rules, the game's
 * id and our two addresses make of it, member by member.
 */
export function createSigningPolicy(deps: SigningPolicyDeps): SigningPolicy {
  const { X, O } = deps.players
  const ours = new Map([X, O].map((signer) => [signer.id, signer]))
  const known = new Set(deps.rules.machine.instantiate('').transitions.map(({ eventName }) => eventName))
  return (message, asked) => {
    // Our own objects sign, whoever was handed in under their ids.
    const signers = [...new Set(asked.map(({ id }) => id))].map((id) => ours.get(id) ?? refuse(message))
    const place = placeOf(message, signers, { ...deps, known })
    return { signers, place: place ?? refuse(message) }
  }
}

type Judging = SigningPolicyDeps & { readonly known: ReadonlySet<string> }

/** The place a message takes; undefined for one that no tool makes. */
function placeOf(message: Message, signers: readonly Signer[], judging: Judging): string | undefined {
  const { rules, players } = judging
  switch (message.type) {
    case 'TransitionStateMachine':
      return eventPlace(message, signers, judging)
    case 'CreateScript': {
      const { gameId } = NewGame.safeParse(message.initialState).data ?? {}
      if (gameId === undefined || signers.length !== 2) return undefined // both own what is made
      return isDeepStrictEqual(message, oracleMessage(rules, gameId)) ? message.fiberId : undefined
    }
    case 'CreateStateMachine': {
      const { gameId, roundCount } = NewRound.safeParse(message.initialData).data ?? {}
      if (gameId === undefined || roundCount === undefined || signers.length !== 2) return undefined
      return isDeepStrictEqual(message, machineMessage(rules, players, gameId, roundCount))
        ? message.fiberId
        : undefined
    }
    case 'ArchiveStateMachine':
    case 'InvokeScript':
      return undefined
  }
}

function eventPlace(
  message: TransitionStateMachine,
  [signer, ...others]: readonly Signer[],
  { players, network, known }: Judging,
): string | undefined {
  const event = Event.safeParse(message).data
  if (event === undefined || signer === undefined || others.length > 0) return undefined
  const { fiberId, eventName, payload, idempotencyKey } = event
  if (!known.has(eventName) || idempotencyKey !== eventKeyOf(network, fiberId, eventName, payload)) return undefined
  return isOwn(event, signer, players) ? `${fiberId}/${payload.round}/${payload.moveNum}` : undefined
}

/** Who must sign follows from what the event says, and so does whose game it is. */
function isOwn({ fiberId, ...event }: Event, signer: Signer, players: SigningPolicyDeps['players']): boolean {
  switch (event.eventName) {
    case 'start_game': {
      const { gameId, round, playerX, playerO } = event.payload
      return machineIdOf(gameId, round) === fiberId && playerX === players.X.address && playerO === players.O.address
    }
    case 'make_move':
      return players[event.payload.player].id === signer.id
    case 'cancel_game':
      return event.payload.requestedBy === signer.address
    case 'reset_board':
      return true
  }
}

function refuse({ type, fiberId }: Message): never {
  throw new SigningRefusedError('refused_by_policy', { type, fiberId })
}
