import type { HeldMessage } from '../chain/snapshots.ts'
import { updateHash } from '../chain/snapshots.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject, member } from '../core/json.ts'
import type { Dialect } from '../dialect/dialect.ts'
import type { Message, TransitionStateMachine } from '../fiber/messages.ts'
import { addressFromId } from '../signing/address.ts'
import { canonicalize, dropNulls } from '../signing/canonical.ts'
import type { Verifier } from '../signing/verify.ts'
import { eventKeyOf } from '../tictactoe/ids.ts'

/** The two who play, by address. */
export type PlayerAddresses = { readonly X: string; readonly O: string }

/** A message that was looked at: what it is, who signed it, under which hash, and what is wrong with it. */
export type CheckedMessage = {
  readonly held: HeldMessage
  readonly message: Message
  readonly what: string
  readonly hash: string
  readonly signers: readonly string[]
  readonly faults: readonly string[]
}

export type MessageCheck = {
  readonly dialect: Dialect
  readonly verifier: Verifier
  /** Of the machine that a message is about. */
  readonly players: PlayerAddresses
  readonly gameId: string
}

/**
 * Checks a message by itself: is its text the one that a node hashes, does every proof verify under that hash, may its
 * signers sign that, does its key name its place.
 */
export async function checkMessage(held: HeldMessage, message: Message, check: MessageCheck): Promise<CheckedMessage> {
  const { dialect, verifier } = check
  const wire = dialect.encode(message)
  const hash = updateHash(wire, dialect)
  const faults: string[] = []
  if (canonicalize(dropNulls(wire)) !== canonicalize(dropNulls(held.value)))
    faults.push('its text holds what a node does not read')
  if (held.proofs.length === 0) faults.push('nobody signed it')
  for (const proof of held.proofs)
    if (!(await verifier.verifyProof(hash, proof)))
      faults.push(`the signature of ${nameOf(addressOf(proof.id), check.players)} does not fit`)
  const signers = held.proofs.map(({ id }) => addressOf(id))
  faults.push(...signerFaults(message, signers, check), ...contentFaults(message, check))
  return {
    held,
    message,
    what: describe(message),
    hash,
    signers: signers.map((one) => nameOf(one, check.players)),
    faults,
  }
}

function addressOf(id: string): string {
  try {
    return addressFromId(id)
  } catch {
    return 'an id that is no key'
  }
}

export const nameOf = (address: string, { X, O }: PlayerAddresses): string =>
  address === X ? `playerX ${address}` : address === O ? `playerO ${address}` : address

function signerFaults(message: Message, signers: readonly string[], { players }: MessageCheck): readonly string[] {
  const both = [players.X, players.O]
  const strangers = signers
    .filter((signer) => !both.includes(signer))
    .map((signer) => `${signer} is no player of this game`)
  return [...strangers, ...absent(message, signers, players)]
}

/** Who had to sign and did not. */
function absent(message: Message, signers: readonly string[], players: PlayerAddresses): readonly string[] {
  const lacks = (address: string) => (signers.includes(address) ? [] : [`${nameOf(address, players)} did not sign it`])
  if (message.type === 'CreateScript' || message.type === 'CreateStateMachine')
    return [...lacks(players.X), ...lacks(players.O)]
  if (message.type !== 'TransitionStateMachine') return []
  const player = textOf(message, 'player')
  if (message.eventName === 'make_move') return lacks(player === 'X' ? players.X : players.O)
  return message.eventName === 'cancel_game' ? lacks(textOf(message, 'requestedBy')) : []
}

function contentFaults(message: Message, { dialect, gameId }: MessageCheck): readonly string[] {
  if (message.type === 'InvokeScript') return ['it calls the oracle beside the state machine']
  if (message.type !== 'TransitionStateMachine') return []
  const { fiberId, eventName, payload, idempotencyKey } = message
  const key = eventKeyOf(dialect.name, fiberId, eventName, payload)
  return [
    ...(idempotencyKey === null || idempotencyKey === key ? [] : ['its key is not the one of its place']),
    ...(eventName === 'start_game' && textOf(message, 'gameId') !== gameId ? ['it names another game'] : []),
  ]
}

/** A message in a few words: `make_move X 4 (round 0, move 1)`. */
function describe(message: Message): string {
  if (message.type === 'CreateScript') return 'create the oracle'
  if (message.type === 'CreateStateMachine') return `create the machine ${message.fiberId}`
  if (message.type !== 'TransitionStateMachine') return message.type
  const { round, moveNum, player, cell } = payloadOf(message)
  const move = message.eventName === 'make_move' ? ` ${String(player)} ${String(cell)}` : ''
  return `${message.eventName}${move} (round ${String(round)}, move ${String(moveNum)})`
}

const payloadOf = ({ payload }: TransitionStateMachine): JsonObject => (isJsonObject(payload) ? payload : {})

const textOf = (message: TransitionStateMachine, name: string): string => {
  const value = member(payloadOf(message), name)
  return typeof value === 'string' ? value : ''
}
