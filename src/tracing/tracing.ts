import type { Chain } from '../chain/chain.ts'
import type { Transport } from '../chain/transport.ts'
import type { Chat } from '../chat/chat.ts'
import type { Clock } from '../core/clock.ts'
import type { Log } from '../core/log.ts'
import type { LanguageModel } from '../llm/language-model.ts'
import type { Signer } from '../signing/signed.ts'
import type { ToolCatalog } from '../tools/tool.ts'
import type { ExportLimits } from './_export.ts'
import { createSpanExport, exportLimits } from './_export.ts'
import { createLosses } from './_losses.ts'
import { createSpans } from './_spans.ts'
import { createLedgerTracing } from './traced-chain.ts'
import { traceChat, traceModel } from './traced-chat.ts'
import { traceSigner } from './traced-signing.ts'
import { traceTools } from './traced-tools.ts'

/**
 * Tells an OpenTelemetry collector what the parts do, from outside: each `watch…` gives the same part, its steps
 * followed. A call's steps are one trace, under the id that its log lines have:
 * `chat` ▸ (`model`, `tool <name>` ▸ (`build` ▸ `sign`, `submit`, `confirm`)).
 */
export type Tracing = {
  watchTools(catalog: ToolCatalog): ToolCatalog
  watchChat(chat: Chat): Chat
  watchModel(model: LanguageModel): LanguageModel
  watchSigner(signer: Signer): Signer
  watchChain(chain: Chain): Chain
  watchTransport(transport: Transport): Transport
  /** Sends what waits, for five seconds at most. Never throws. */
  close(): Promise<void>
}

export type TracingDeps = {
  /** The collector's base address: traces go to `/v1/traces` under it. */
  readonly url: string
  readonly log: Log
  readonly clock: Pick<Clock, 'monotonicMs' | 'sleep'>
  readonly limits?: ExportLimits
}

/**
 * Spans as OTLP over HTTP. A collector that is slow or away costs spans, never a call. Its headers and certificates, where
 * it wants any, come from OpenTelemetry's own variables, which its library reads.
 * @see OpenTelemetry protocol exporter, OTEL_EXPORTER_OTLP_HEADERS and its siblings
 */
export function createTracing({ url, log, clock, limits = exportLimits }: TracingDeps): Tracing {
  const noteLoss = createLosses({ log, clock })
  const { processor, close } = createSpanExport({ url: `${url}/v1/traces`, clock, limits, noteLoss })
  const spans = createSpans(processor)
  return {
    watchTools: (catalog) => traceTools(catalog, spans),
    watchChat: (chat) => traceChat(chat, spans),
    watchModel: (model) => traceModel(model, spans),
    watchSigner: (signer) => traceSigner(signer, spans),
    ...createLedgerTracing(spans),
    close,
  }
}
