import { Link } from 'wouter'
import { fill, t } from '../../texts.ts'
import type { Run } from './conversation.ts'

/** A tool that ran: what was called, what came of it, and the way to its game. */
export function RunCard({ run }: { run: Run }) {
  const { tool, args, success, gameId } = run
  const asked = run.words ?? shownArgs(args)
  const waits = run.code === 'APPROVAL_NEEDED'
  const word = success ? t.chat.run.done : waits ? t.chat.run.waits : t.chat.run.failed
  return (
    <article className={`run ${success ? 'good' : waits ? 'waits' : 'bad'}`}>
      <p className="row">
        <code className="tool">{tool}</code>
        <span className="outcome">{word}</span>
      </p>
      {asked !== '' && <p className="quiet">{asked}</p>}
      <p>{success ? resultOf(run) : (run.error ?? run.code)}</p>
      {gameId !== undefined && <Link href={`/games/${encodeURIComponent(gameId)}`}>{t.chat.toGame}</Link>}
    </article>
  )
}

/** Ids are for machines; the link has the game's. */
const shownArgs = (args: Run['args']): string =>
  Object.entries(args)
    .filter(([name]) => name !== 'gameId' && name !== 'idempotencyKey')
    .map(([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(', ')

function resultOf({ winner, status, turn, machineState }: Run): string {
  if (winner !== undefined) return fill(t.chat.result.winner, { mark: winner })
  if (status === 'Draw') return t.chat.result.draw
  if (turn !== undefined) return fill(t.chat.result.turn, { mark: turn })
  return machineState === undefined ? '' : fill(t.chat.result.state, { state: machineState })
}
