import type { JsonObject } from '../../core/json.ts'
import {
  GameMessages,
  LedgerFindings,
  LedgerMessage,
  maxRejections,
  maxSnapshotPage,
  maxUsageDays,
  Rejections,
  SnapshotPage,
  SnapshotView,
  searchedSnapshots,
  WalletUsage,
} from '../../tictactoe/ledger-view.ts'
import type { ExampleWorld, Story } from './examples.ts'
import { guarded, reading } from './operations.ts'
import { schemaRef, toJsonSchema } from './schemas.ts'
import type { ApiRoute } from './service.ts'

/** The shapes of what these routes answer. */
export const ledgerSchemas: Readonly<Record<string, JsonObject>> = {
  LedgerMessage: toJsonSchema(LedgerMessage),
  GameMessages: toJsonSchema(GameMessages),
  SnapshotPage: toJsonSchema(SnapshotPage),
  SnapshotView: toJsonSchema(SnapshotView),
  LedgerFindings: toJsonSchema(LedgerFindings),
  Rejections: toJsonSchema(Rejections),
  WalletUsage: toJsonSchema(WalletUsage),
}

const whole = (name: string, description: string, schema: JsonObject): JsonObject => ({
  name,
  in: 'query',
  description,
  schema: { type: 'integer', ...schema },
})

const hash = 'a3f1c5d20b7e98640c1d5e9f7a2b4c6d8e0f1a3b5c7d9e1f2a4b6c8d0e2f4a6b'
const previous = '5e2d1f0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e'
const traceId = '2f1c1b1e-6a55-4ff1-a0a9-5d3f6a1c9e77'

/** The first move of a story, as a snapshot holds it in the workchain dialect. */
function exampleMessage(story: Story, { wallets: { playerX } }: ExampleWorld): JsonObject {
  const { gameId, machineId, ordinal } = story.answerOf('ttt_make_move')
  const payload = { player: 'X', cell: 4, round: 0, moveNum: 1 }
  return {
    ordinal: ordinal ?? 12,
    hash,
    type: 'TransitionStateMachine',
    fiberId: machineId ?? null,
    eventName: 'make_move',
    gameId: gameId ?? null,
    signers: [playerX.address],
    value: {
      ProcessFiberEvent: {
        cid: machineId ?? null,
        event: {
          eventType: { value: 'make_move' },
          payload,
          idempotencyKey: '0a6f9c1e-7f5d-5b0e-9d53-3f1f0c2b7a11',
        },
      },
    },
    proofs: [{ id: 'b1'.repeat(64), signature: `3045022100${'c2'.repeat(32)}0220${'1d'.repeat(32)}` }],
    gasUsed: null,
    success: true,
  }
}

/** What is on the ledger, what it refused, and who signed. */
export function ledgerRoutes(story: Story, world: ExampleWorld): readonly ApiRoute[] {
  const message = exampleMessage(story, world)
  return [
    gameMessages(story, message),
    listSnapshots,
    showSnapshot(message),
    search(story),
    listRejections(story),
    usage,
  ]
}

const gameMessages = (story: Story, message: JsonObject): ApiRoute => [
  '/otto/games/{id}/messages',
  'get',
  {
    operationId: 'listGameMessages',
    tag: 'games',
    summary: 'The signed messages of a game, oldest first',
    description:
      'Everything that checks a game without trust in this service: hash the value (without its null members where nulls is drop), verify each proof under that hash.',
    parameters: [
      {
        name: 'id',
        in: 'path',
        required: true,
        description: 'The gameId, or the id of its machine or its oracle.',
        schema: { type: 'string', format: 'uuid' },
        example: story.gameId,
      },
    ],
    success: {
      description: 'The messages that the snapshots hold, as far as the ledger still shows them.',
      schema: schemaRef('GameMessages'),
      examples: { messages: { gameId: story.gameId, nulls: 'keep', messages: [message], complete: false } },
    },
    codes: [...guarded, ...reading, 'GAME_NOT_FOUND'],
    door: 'problem',
  },
]

const listSnapshots: ApiRoute = [
  '/otto/ledger/snapshots',
  'get',
  {
    operationId: 'listSnapshots',
    tag: 'games',
    summary: 'The snapshots of the ledger, newest first',
    description: 'As far back as the ledger shows them: the embedded one, the newest 100.',
    parameters: [
      whole('limit', 'The most snapshots to answer.', { minimum: 1, maximum: maxSnapshotPage, default: 50 }),
      whole('before', 'Only snapshots before this ordinal: the next of an earlier page.', { minimum: 0 }),
    ],
    success: {
      description: 'One page.',
      schema: schemaRef('SnapshotPage'),
      examples: {
        page: { newest: 12, snapshots: [{ ordinal: 12, lastSnapshotHash: previous, messages: 1 }], next: 12 },
      },
    },
    codes: [...guarded, ...reading],
    door: 'problem',
  },
]

const showSnapshot = (message: JsonObject): ApiRoute => [
  '/otto/ledger/snapshots/{ordinal}',
  'get',
  {
    operationId: 'showSnapshot',
    tag: 'games',
    summary: 'A snapshot and its messages',
    parameters: [
      {
        name: 'ordinal',
        in: 'path',
        required: true,
        description: 'Its ordinal, or latest.',
        schema: { type: 'string', pattern: '^(?:0|[1-9][0-9]{0,14}|latest)$' },
        example: 'latest',
      },
    ],
    success: {
      description: 'The snapshot as the ledger holds it.',
      schema: schemaRef('SnapshotView'),
      examples: { snapshot: { ordinal: 12, lastSnapshotHash: previous, nulls: 'keep', messages: [message] } },
    },
    codes: [...guarded, ...reading, 'NOT_FOUND'],
    door: 'problem',
  },
]

const search = (story: Story): ApiRoute => [
  '/otto/ledger/search',
  'get',
  {
    operationId: 'searchLedger',
    tag: 'games',
    summary: 'Find a game, a message or a snapshot',
    description: `A game is found by any of its ids. A message is found by its hash when this service prepared it among its newest 10,000 writes, or one of the newest ${searchedSnapshots} snapshots holds it; a snapshot by its hash where the ledger finds it so, or among the same.`,
    parameters: [
      {
        name: 'q',
        in: 'query',
        required: true,
        description: 'A UUID, or 64 hex digits.',
        schema: { type: 'string', pattern: '^[0-9a-fA-F-]{36}$|^[0-9a-fA-F]{64}$' },
        example: story.gameId,
      },
    ],
    success: {
      description: 'What was found; nothing is an answer too.',
      schema: schemaRef('LedgerFindings'),
      examples: {
        game: { found: [{ kind: 'game', gameId: story.gameId }], searched: { from: 0, to: 12 } },
        message: {
          found: [{ kind: 'message', gameId: story.gameId, hash, ordinal: 12 }],
          searched: { from: 12, to: 12 },
        },
        nothing: { found: [], searched: { from: 0, to: 12 } },
      },
    },
    codes: [...guarded, ...reading],
    door: 'problem',
  },
]

const listRejections = (story: Story): ApiRoute => [
  '/otto/ledger/rejections',
  'get',
  {
    operationId: 'listRejections',
    tag: 'games',
    summary: 'Writes of this service that were refused after they were prepared',
    description:
      'By the ledger, or by the rules where another event came first. A move that the rules refuse beforehand is never prepared, so it is not here. Of the newest 10,000 writes.',
    parameters: [whole('limit', 'The most to answer.', { minimum: 1, maximum: maxRejections, default: 50 })],
    success: {
      description: 'Those prepared last first.',
      schema: schemaRef('Rejections'),
      examples: {
        rejections: {
          rejections: [
            {
              at: '2026-01-01T12:00:00.000Z',
              gameId: story.gameId,
              slot: `${story.gameId}/0/1`,
              code: 'INVALID_MOVE',
              message: 'Another event took this place in the game.',
              hash,
              traceId,
            },
          ],
        },
      },
    },
    codes: [...guarded, 'INVALID_ARGUMENTS', 'STORAGE_UNAVAILABLE'],
    door: 'problem',
  },
]

const usage: ApiRoute = [
  '/wallets/usage',
  'get',
  {
    operationId: 'showWalletUsage',
    tag: 'games',
    summary: 'How many messages each wallet signed, by day',
    description:
      'Counted over the writes that are kept: those of the last day, and the newest 100,000. Earlier ones are not counted any more. Half a minute old at most.',
    parameters: [whole('days', 'Today and the days before it.', { minimum: 1, maximum: maxUsageDays, default: 30 })],
    success: {
      description: 'Days on which anything was signed.',
      schema: schemaRef('WalletUsage'),
      examples: { usage: { days: [{ day: '2026-01-01', playerX: 8, playerO: 6 }] } },
    },
    codes: [...guarded, 'INVALID_ARGUMENTS', 'STORAGE_UNAVAILABLE', 'DEADLINE_EXCEEDED'],
    door: 'problem',
  },
]
