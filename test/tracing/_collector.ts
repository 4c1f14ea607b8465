import type { IncomingMessage } from 'node:http'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

type Value = { stringValue?: string; intValue?: number; boolValue?: boolean }
type Attribute = { key: string; value: Value }
/** @see OpenTelemetry protocol, OTLP/HTTP with JSON */
type Body = {
  resourceSpans: { resource: { attributes: Attribute[] }; scopeSpans: { spans: Wire[] }[] }[]
}
type Wire = {
  name: string
  traceId: string
  spanId: string
  parentSpanId?: string
  kind: number
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code: number; message?: string }
  attributes: Attribute[]
}

/** A span as it came over the wire. `parent` is the parent's name. */
export type Collected = Omit<Wire, 'attributes'> & {
  readonly parent: string | undefined
  readonly service: unknown
  readonly attributes: Readonly<Record<string, unknown>>
}

/** A collector on a free port. `answer` decides what a batch gets: a status, or nothing at all. */
export async function startCollector(answer: () => number | 'silence' = () => 200) {
  const paths: string[] = []
  const spans: (Wire & { service: unknown })[] = []
  const asked = Promise.withResolvers<void>()
  const server = createServer(async (request, reply) => {
    paths.push(`${request.method} ${request.url}`)
    const text = await textOf(request)
    const status = answer()
    asked.resolve()
    if (status === 'silence') return
    if (status === 200) spans.push(...spansOf(JSON.parse(text)))
    reply.writeHead(status, { 'content-type': 'application/json' }).end('{}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, // it listens on TCP
    paths,
    /** The first batch has come. */
    asked: asked.promise,
    spans: (): Collected[] =>
      spans.map((span) => ({
        ...span,
        parent: spans.find(({ spanId }) => spanId === span.parentSpanId)?.name,
        attributes: toRecord(span.attributes),
      })),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}

const spansOf = ({ resourceSpans }: Body) =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({ ...span, service: toRecord(resource.attributes)['service.name'] })),
    ),
  )

const toRecord = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))

/** An address where nobody listens: its port was free a moment ago. */
export async function deadUrl(): Promise<string> {
  const collector = await startCollector()
  await collector[Symbol.asyncDispose]()
  return collector.url
}
