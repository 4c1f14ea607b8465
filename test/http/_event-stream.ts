import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { LiveRecord } from '../../src/live/live.ts'

/** A stream as it comes in: what was read of it, and whether it is over. */
export async function openEvents(port: number, path: string, headers: Record<string, string> = {}) {
  const sent = request({ host: '127.0.0.1', port, path, headers, agent: false })
  sent.end()
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]
  const state = { text: '', isOver: false }
  answer.on('data', (piece) => {
    state.text += piece
  })
  for (const event of ['close', 'error']) answer.on(event, () => Object.assign(state, { isOver: true }))
  sent.on('error', () => {}) // said by the answer too
  /** Of events that came whole. */
  const data = (): LiveRecord[] =>
    [...state.text.matchAll(/^data: (.*)\n\n/gm)].map(([, one = '']) => LiveRecord.parse(JSON.parse(one)))
  return { answer, state, data, types: () => data().map(({ type }) => type), hangUp: () => sent.destroy() }
}
