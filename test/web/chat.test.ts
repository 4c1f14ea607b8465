import { expect, test } from 'vitest'
import { toToolCard, toToolNote } from '../../src/http/ollama/tool-card.ts'
import type { ToolRun } from '../../src/llm/turn.ts'
import { blocksOf } from '../../web/src/views/chat/blocks.ts'
import type { Answer, Conversation } from '../../web/src/views/chat/conversation.ts'
import { textOf, withEntries } from '../../web/src/views/chat/conversation.ts'
import type { Line } from '../../web/src/views/chat/protocol.ts'
import { linesOf, toMessages, withLine } from '../../web/src/views/chat/protocol.ts'

const open: Answer = { role: 'assistant', id: 'a', pieces: [], thinking: '', state: 'open' }
const said = (content: string): Line => ({ message: { content }, done: false })
const told = (...lines: readonly Line[]): Answer => lines.reduce(withLine, open)

const run: ToolRun = {
  id: 'call_1',
  tool: 'ttt_make_move',
  isWrite: true,
  args: { gameId: 'g-1', player: 'X', cell: 4 },
  success: true,
  ms: 3,
  result: { gameId: 'g-1', status: 'InProgress', turn: 'O', winner: null, boardText: ' <X> | "1" | \'2\'\n' },
}
const refused: ToolRun = {
  ...run,
  success: false,
  result: { success: false, error: 'It waits.', code: 'APPROVAL_NEEDED', details: { approvalId: 'w-1' } },
}

test('reads the cards that the service writes, in their place', () => {
  const { pieces } = told(said('Now'), said(':'), said(toToolCard(run)), said(toToolCard(refused)), said('Done.'))
  expect(pieces).toMatchObject([
    { kind: 'text', text: 'Now:' },
    { kind: 'run', run: { tool: 'ttt_make_move', args: run.args, success: true, gameId: 'g-1', turn: 'O' } },
    { kind: 'run', run: { success: false, code: 'APPROVAL_NEEDED', error: 'It waits.', approvalId: 'w-1' } },
    { kind: 'text', text: 'Done.' },
  ])
})

test('a card inside the words of a model stays words', () => {
  const made = `I played.${toToolCard(run)}`
  expect(told(said(made)).pieces).toEqual([{ kind: 'text', text: made }])
})

test('a run that is told in few words is known better at the end', () => {
  const noted = told({ message: { content: '', thinking: toToolNote(run) } }, said('Done.'))
  expect(noted.pieces[0]).toMatchObject({
    kind: 'run',
    run: { tool: 'ttt_make_move', words: 'g-1 X 4', success: true },
  })
  const end: Line = {
    done: true,
    tool_runs: [{ id: 'call_1', tool: run.tool, args: run.args, success: true, result: run.result }],
  }
  const { pieces, state } = withLine(noted, end)
  expect(state).toBe('done')
  expect(pieces).toMatchObject([
    { kind: 'run', run: { args: run.args, gameId: 'g-1' } },
    { kind: 'text', text: 'Done.' },
  ])
})

test('a report that lost its beginning belongs to the last notes', () => {
  const notes = [refused, run].map((one): Line => ({ message: { thinking: toToolNote(one) } }))
  const end: Line = { done: true, tool_runs: [{ id: 'call_1', tool: run.tool, success: true }] }
  const { pieces } = told(...notes, end)
  expect(pieces).toMatchObject([
    { kind: 'run', run: { code: 'APPROVAL_NEEDED', success: false } },
    { kind: 'run', run: { id: 'call_1', success: true } },
  ])
})

test('what a model thinks is kept apart', () => {
  const answer = told({ message: { thinking: 'Hm. ' } }, { message: { thinking: 'Middle.' } }, said('Yes.'))
  expect(answer.thinking).toBe('Hm. Middle.')
  expect(textOf(answer)).toBe('Yes.')
})

test('tells the model what was said and the last thing that was done', () => {
  const conversation: Conversation = {
    id: 'c',
    entries: [{ role: 'user', id: 'q', text: 'Play.' }, told(said(toToolCard(run)), said(' Done. '), { done: true })],
  }
  expect(toMessages(conversation)).toMatchObject([
    { role: 'user', content: 'Play.' },
    { role: 'assistant', content: '', tool_calls: [{ function: { name: 'ttt_make_move', arguments: run.args } }] },
    { role: 'tool', tool_name: 'ttt_make_move' },
    { role: 'assistant', content: 'Done.' },
  ])
})

test('a conversation keeps its newest sixty entries', () => {
  let conversation: Conversation = { id: 'c', entries: [] }
  for (let at = 0; at < 70; at += 1) conversation = withEntries(conversation, { role: 'user', id: `${at}`, text: '' })
  expect(conversation.entries.length).toBe(60)
  expect(conversation.entries.at(-1)?.id).toBe('69')
})

test('reads lines however they are cut, and the last one without a break', async () => {
  const bytes = new TextEncoder().encode('{"message":{"content":"→"}}\n\n{"done":true}')
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
      controller.close()
    },
  })
  const lines: Line[] = []
  for await (const line of linesOf(body)) lines.push(line)
  expect(lines).toEqual([{ message: { content: '→' } }, { done: true }])
})

test('keeps the columns of boards and of what stands between fences', () => {
  const board = ' X | 1 | 2\n---+---+---\n 3 | O | 5'
  expect(blocksOf(`Look:\n${board}\nYour turn.\n\`\`\`\nab\n\`\`\``)).toEqual([
    { isBoard: false, text: 'Look:' },
    { isBoard: true, text: board },
    { isBoard: false, text: 'Your turn.' },
    { isBoard: true, text: 'ab' },
  ])
})
