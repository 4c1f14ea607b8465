import type { OperationDraft } from './operations.ts'
import { everywhere, guarded } from './operations.ts'
import { schemaRef } from './schemas.ts'

/** A path, its method, and what there is to tell. */
export type ApiRoute = readonly [path: string, method: 'get' | 'post' | 'delete', draft: OperationDraft]

const component = {
  status: 'healthy',
  since: '2026-01-01T12:00:00.000Z',
  lastOkAt: '2026-01-01T12:30:00.000Z',
  latencyMs: 0.4,
}
const components = { wallets: component, storage: component, l1: component, l0: component, model: component }
const intents = { openIntents: 0, oldestOpenMs: null }
const wellness = schemaRef('Health')
const readiness = schemaRef('Readiness')

/** The health of the service, and its two probes. */
export const health: readonly ApiRoute[] = [
  [
    '/health',
    'get',
    {
      operationId: 'showHealth',
      tag: 'service',
      summary: 'The state of the parts',
      success: {
        description: 'Healthy or degraded (the model is away, or a write has been open for over a minute): it plays.',
        schema: wellness,
        examples: { healthy: { status: 'healthy', components, ...intents } },
      },
      otherBody: {
        status: 503,
        description: 'Unhealthy: it does not play.',
        schema: wellness,
        examples: {
          unhealthy: {
            status: 'unhealthy',
            components: { ...components, l1: { ...component, status: 'unhealthy', latencyMs: 1_000 } },
            ...intents,
          },
        },
      },
      codes: guarded,
      door: 'problem',
    },
  ],
  [
    '/health/live',
    'get',
    {
      operationId: 'isAlive',
      tag: 'service',
      summary: 'Does the event loop turn? Asks nobody.',
      success: { description: 'It does.', schema: schemaRef('Liveness'), examples: { alive: { status: 'alive' } } },
      codes: everywhere,
      door: 'problem',
      isProbe: true,
    },
  ],
  [
    '/health/ready',
    'get',
    {
      operationId: 'isReady',
      tag: 'service',
      summary: 'Would a new write be accepted now?',
      success: {
        description: 'Yes.',
        schema: readiness,
        examples: { ready: { status: 'ready', components: { l0: { status: 'healthy' } } } },
      },
      otherBody: {
        status: 503,
        description:
          'No: a layer of the ledger has not answered for 15 s or the Data L1 is left alone since it failed too often, ' +
          'nothing can be written down, what was left open is not read yet, or the service is stopping.',
        schema: readiness,
        examples: { not_ready: { status: 'not_ready', components: { l0: { status: 'unhealthy' } } } },
      },
      codes: [...everywhere, 'OVERLOADED'],
      door: 'problem',
      isProbe: true,
    },
  ],
]

const text = (mediaType: string, description: string) => ({ description, schema: { type: 'string' }, mediaType })

/** `GET /metrics`. */
export const metrics: ApiRoute = [
  '/metrics',
  'get',
  {
    operationId: 'showMetrics',
    tag: 'service',
    summary: 'Counts and times, for Prometheus',
    success: text('text/plain', 'The text format of Prometheus.'),
    codes: guarded,
    door: 'problem',
  },
]

/** This document. */
export const docs: readonly ApiRoute[] = [
  [
    '/openapi.json',
    'get',
    {
      operationId: 'showApi',
      tag: 'service',
      summary: 'This document',
      success: { description: 'OpenAPI 3.1.', schema: { type: 'object' } },
      codes: guarded,
      door: 'problem',
    },
  ],
  [
    '/tools/openapi.json',
    'get',
    {
      operationId: 'showToolApi',
      tag: 'tools',
      summary: 'The tools alone, for programs that make a tool of every operation',
      success: {
        description: 'OpenAPI 3.1, one operation a tool, without the idempotency key. Open WebUI reads it.',
        schema: { type: 'object' },
      },
      codes: guarded,
      door: 'problem',
    },
  ],
  [
    '/ui',
    'get',
    {
      operationId: 'showPage',
      tag: 'service',
      summary: 'The page: games, ledger, wallets, health, chat',
      success: text(
        'text/html',
        'The same for every path below it that is no file. It needs no token, and asks for one.',
      ),
      codes: [...guarded, 'NOT_FOUND'],
      door: 'problem',
    },
  ],
  [
    '/docs',
    'get',
    {
      operationId: 'showDocs',
      tag: 'service',
      summary: 'This document as a page to try it out on',
      success: text(
        'text/html',
        'Swagger UI; its files are below /docs/. A browser shows no token: with one set, read /openapi.json elsewhere.',
      ),
      codes: guarded,
      door: 'problem',
    },
  ],
]
