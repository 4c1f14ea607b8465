import { setTimeout as sleep } from 'node:timers/promises'
import { Agent, request } from 'undici'
import type { GameView } from '../../src/tictactoe/game-view.ts'
import type { Chance } from '../simulation/chance.ts'
import type { Body, Journal, Wish } from './journal.ts'
import { told } from './journal.ts'

/** What a game was by what its player was told: moves that must stand, in order. */
export type Played = {
  readonly gameId: string
  readonly machineId: string
  readonly oracleId: string
  readonly moves: readonly (readonly [player: string, cell: number])[]
}

export type PlayerDeps = {
  /** Where bridges listen; each request goes to one of them. */
  readonly urls: readonly string[]
  readonly journal: Journal
  readonly chance: Chance
  /** For one request, however often it is sent. */
  readonly patienceMs: number
}

/** How one request ended for a player who would not let go. */
type End =
  | { readonly kind: 'done'; readonly view: GameView }
  /** It stands by an earlier attempt whose answer was lost. */
  | { readonly kind: 'stands' }
  /** Certainly nothing of it was sent, and the player thought better of it. */
  | { readonly kind: 'dropped' }

/** Answers to a repeat without a key that say: it is done. */
const standing = ['already_applied', 'already_started', 'finished']

const agent = new Agent({ keepAliveTimeout: 1_000, connections: 64 })

/**
 * Plays one game to its end through bridges that die. It repeats a request, with or without its key, until it is
 * answered for good, now and then at two bridges at once, and hangs up now and then.
 */
export async function playGame(deps: PlayerDeps): Promise<Played> {
  const { chance, journal } = deps
  const made = await insist(deps, { tool: 'ttt_create_game', args: {}, key: chance.uuid() }, [])
  if (made.kind !== 'done') throw new Error('A create is answered by a game.')
  const { gameId } = made.view
  await insist(deps, { tool: 'ttt_start_game', args: { gameId }, key: keyOf(chance) }, standing)
  const moves: (readonly [string, number])[] = []
  for (let view = await read(deps, gameId); ; ) {
    expectMoves(journal, view, moves)
    const free = view.board.flatMap((mark, cell) => (mark === null ? [cell] : []))
    if (view.turn === null || free.length === 0) return { ...view, moves }
    const move = { gameId, player: view.turn, cell: chance.pick(free) }
    const end = await insist(
      deps,
      { tool: 'ttt_make_move', args: move, key: keyOf(chance) },
      standing,
      chance.happens(0.3),
    )
    if (end.kind === 'dropped') continue // another cell, or the same again
    moves.push([move.player, move.cell])
    view = end.kind === 'done' ? end.view : await read(deps, gameId)
  }
}

const keyOf = (chance: Chance): string | undefined => (chance.happens(0.6) ? chance.uuid() : undefined)

function expectMoves(journal: Journal, { gameId, moveHistory }: GameView, moves: Played['moves']): void {
  const shown = JSON.stringify(moveHistory.map(({ player, cell }) => [player, cell]))
  if (shown !== JSON.stringify(moves))
    journal.accuse(`${gameId} shows ${shown}, its player knows ${JSON.stringify(moves)}`)
}

/** Sends until it is answered for good. @throws when that takes longer than the patience */
async function insist(deps: PlayerDeps, wish: Wish, stands: readonly string[], isFickle = false): Promise<End> {
  const { chance, journal, patienceMs } = deps
  let isUncertain = false
  for (const endMs = performance.now() + patienceMs; performance.now() < endMs; await sleep(chance.between(20, 400))) {
    const body = await sendSomewhere(deps, wish)
    if (body?.success) return { kind: 'done', view: body.result }
    if (body === undefined || body.outcome === 'unknown' || body.outcome === 'pending') isUncertain = true
    else if (body.outcome === 'rejected') {
      const isKnown = isUncertain && stands.includes(String(body.details['reason']))
      if (!isKnown || wish.key !== undefined) journal.accuse(`${JSON.stringify(wish)} was refused: ${told(body)}`)
      return { kind: 'stands' }
    } else if (isFickle && !isUncertain) return { kind: 'dropped' }
  }
  throw new Error(`${JSON.stringify(wish)} was never answered.`)
}

/** At one bridge, or at two at once where a key keeps them together. @returns undefined where nobody answered */
async function sendSomewhere(deps: PlayerDeps, wish: Wish): Promise<Body | undefined> {
  const { chance, urls } = deps
  const copies = wish.key !== undefined && chance.happens(0.1) ? 2 : 1
  const bodies = await Promise.all(Array.from({ length: copies }, () => send(deps, chance.pick(urls), wish)))
  // What is known least decides, unless one knows that it is done.
  const worst = bodies.find((body) => body === undefined || body.outcome === 'unknown' || body.outcome === 'pending')
  return bodies.find((body) => body?.success) ?? (bodies.includes(undefined) ? undefined : (worst ?? bodies[0]))
}

/** One request to one bridge, told to the journal. */
export async function send(
  { journal, chance }: Pick<PlayerDeps, 'journal' | 'chance'>,
  url: string,
  wish: Wish,
): Promise<Body | undefined> {
  const { tool, args, key } = wish
  const hangUpMs = chance.happens(0.03) ? chance.between(1, 400) : 60_000
  try {
    const answer = await request(`${url}/otto/tool`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(chance.happens(0.1) ? { prefer: 'wait=3' } : {}),
      },
      body: JSON.stringify({ tool, args }),
      dispatcher: agent,
      signal: AbortSignal.timeout(Math.ceil(hangUpMs)),
    })
    const body = (await answer.body.json()) as Body // our own service
    journal.note(wish, answer.statusCode, body)
    return body
  } catch {
    journal.noteSilence()
    return undefined
  }
}

async function read(deps: PlayerDeps, gameId: string): Promise<GameView> {
  const end = await insist(deps, { tool: 'ttt_get_state', args: { gameId }, key: undefined }, [])
  if (end.kind !== 'done') throw new Error('A game is shown or it is not.')
  return end.view
}
