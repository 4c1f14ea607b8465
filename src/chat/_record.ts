import { isJsonObject } from '../core/json.ts'
import { isFateOpen } from '../llm/open-fate.ts'
import type { ToolRun, TurnEvent } from '../llm/turn.ts'
import type { GameView } from '../tictactoe/game-view.ts'
import type { Thread } from './_conversations.ts'
import type { ConfirmedWrite, Facts } from './claims.ts'
import { readView } from './read-view.ts'

/** As much of a turn's text as is looked at. */
const MAX_CHARS = 65_536

/** Writes down what a turn said and what the ledger confirmed in it. @param game as it was before the turn */
export function createRecord(game: GameView | undefined) {
  let text = ''
  let view = game
  let approval: ToolRun | undefined
  let openWrite: string | undefined
  const writes: ConfirmedWrite[] = []

  const noteRun = (run: ToolRun): void => {
    if (isFateOpen(run)) openWrite = run.tool
    else if (run.success && run.tool === openWrite) openWrite = undefined
    if (run.result['code'] === 'APPROVAL_NEEDED') approval = run
    const shown = run.success ? readView(run.result) : undefined
    if (shown === undefined) return
    view = shown
    if (run.isWrite) writes.push({ tool: run.tool, args: run.args, view: shown })
  }

  return {
    note(event: TurnEvent): void {
      if (event.type === 'text' && text.length < MAX_CHARS) text += event.text
      if (event.type === 'result') noteRun(event.run)
    },
    said: () => text,
    facts: (): Facts => ({ writes, view, hasTools: true, ...(openWrite ? { openWrite } : {}) }),
    thread: (): Thread => ({ ...(view ? { gameId: view.gameId } : {}), ...approvalOf(approval) }),
    askForApproval: (): string | undefined => (approval === undefined ? undefined : question(approval)),
  }
}

function approvalOf(run: ToolRun | undefined): { approvalId?: string } {
  const details = run?.result['details']
  const id = isJsonObject(details) ? details['approvalId'] : undefined
  return typeof id === 'string' ? { approvalId: id } : {}
}

function question(run: ToolRun): string {
  const args = Object.entries(run.args).map(([name, value]) => `${name} ${JSON.stringify(value)}`)
  const { approvalId = '' } = approvalOf(run)
  const call = args.length === 0 ? run.tool : `${run.tool} (${args.join(', ')})`
  return `${call} is signed only when you agree. Answer "yes" to approve it or "no" to decline; or run: otto approve ${approvalId}`
}
