import { z } from 'zod'
import type { JsonObject } from '../../core/json.ts'
import { LiveRecord } from '../../live/live.ts'
import type { Story } from './examples.ts'
import type { OperationDraft } from './operations.ts'
import { guarded, reading } from './operations.ts'
import { schemaRef, toJsonSchema } from './schemas.ts'
import type { ApiRoute } from './service.ts'

/** The shapes that the streams of events name. */
export const eventSchemas: Readonly<Record<string, JsonObject>> = {
  LiveRecord: toJsonSchema(LiveRecord),
  MissedRecords: toJsonSchema(z.object({ records: z.array(LiveRecord) })),
}

/** What happens in games, as it happens. */
export const eventRoutes = (story: Story): readonly ApiRoute[] => [
  ['/otto/games/{id}/events', 'get', gameEvents(story)],
  ['/otto/games/{id}/watch', 'get', watchGame(story)],
  ['/otto/events', 'get', allEvents(story)],
]

const manualUrl = 'https://html.spec.whatwg.org/multipage/server-sent-events.html'
const rules =
  'The data of each event is one record as JSON, its type the name of the event, its id where a stream goes on: after a lost connection send the last one as Last-Event-ID (browsers do so by themselves), and nothing is lost or told twice. Every board comes from the ledger. A comment comes every 15 s; a reader that leaves over 256 KiB lying loses its connection. The stream ends when the service stops.'
const codes = [...guarded, ...reading, 'SHUTTING_DOWN'] as const

const header: JsonObject = {
  name: 'Last-Event-ID',
  in: 'header',
  description: 'The id of the last record that was received.',
  schema: { type: 'string' },
}
const query: JsonObject = {
  name: 'lastEventId',
  in: 'query',
  description: 'The same for clients that cannot send headers.',
  schema: { type: 'string', maxLength: 128 },
}
const pathId = (story: Story): JsonObject => ({
  name: 'id',
  in: 'path',
  required: true,
  description: 'The gameId, or the id of its machine or its oracle.',
  schema: { type: 'string', format: 'uuid' },
  example: story.gameId,
})

/** A move as a stream tells it. */
function recordOf(story: Story): JsonObject {
  const game = { ...story.answerOf('ttt_make_move'), hash: null }
  const { gameId, moveHistory } = story.answerOf('ttt_make_move')
  const [move = null] = Array.isArray(moveHistory) ? moveHistory : []
  return { id: '7c9e6679-12', at: '2026-01-01T12:00:00.000Z', gameId: gameId ?? null, type: 'move_made', move, game }
}

const eventStream = (story: Story): OperationDraft['success'] => {
  const record = recordOf(story)
  const mediaType = 'text/event-stream'
  const example = `retry: 1000\n\nid: ${record['id']}\nevent: ${record['type']}\ndata: ${JSON.stringify(record)}\n\n`
  return {
    description: 'Events until the caller hangs up.',
    mediaType,
    schema: { type: 'string' },
    stream: { mediaType, itemSchema: schemaRef('LiveRecord'), example },
  }
}

/** `GET /otto/games/:id/events`. */
const gameEvents = (story: Story): OperationDraft => ({
  operationId: 'streamGame',
  tag: 'games',
  summary: 'What happens in a game, as it happens',
  description: `Server-sent events. The first one is how the game stands (game), unless the stream goes on where another ended. ${rules}`,
  manualUrl,
  parameters: [pathId(story), header, query],
  success: eventStream(story),
  codes: [...codes, 'GAME_NOT_FOUND'],
  door: 'problem',
})

/** `GET /otto/events`. */
const allEvents = (story: Story): OperationDraft => ({
  operationId: 'streamGames',
  tag: 'games',
  summary: 'What happens in all games, as it happens',
  description: `Server-sent events, from now on or after Last-Event-ID. A gap says that records were lost: read the list of games anew. Of games that are played elsewhere the 1,000 newest are looked at. ${rules}`,
  manualUrl,
  parameters: [header, query],
  success: eventStream(story),
  codes,
  door: 'problem',
})

/** `GET /otto/games/:id/watch`. */
const watchGame = (story: Story): OperationDraft => ({
  operationId: 'watchGame',
  tag: 'games',
  summary: 'The same by WebSocket, each record a text frame',
  description:
    'With the headers of a WebSocket the answer is 101 and the records follow as text frames; whatever the client sends is passed over, and frames of over 1 KiB end it. A ping comes every 15 s. Asked plainly, it answers the records that would come at once.',
  manualUrl: 'https://www.rfc-editor.org/rfc/rfc6455',
  parameters: [pathId(story), query, header],
  success: {
    description: 'How the game stands, or what came after the id that was given.',
    schema: schemaRef('MissedRecords'),
    examples: { records: { records: [recordOf(story)] } },
  },
  codes: [...codes, 'GAME_NOT_FOUND'],
  door: 'problem',
})
