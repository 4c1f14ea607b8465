import { connect } from 'node:net'
import { parentPort } from 'node:worker_threads'

/** `bytes` are written to the connection of that id, which the first opens; without bytes it is torn down. */
export type RawJob = { id: number; port: number; bytes?: Uint8Array; halfClose?: boolean }

/** What came back on a socket; `status` is 0 when the connection closed without an answer. */
export type RawAnswer = {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
  readonly ms: number
}

type Parsed = Omit<RawAnswer, 'ms'>

const noAnswer: Parsed = { status: 0, headers: new Map(), body: '' }
const connections = new Map<number, { hangUp: () => void; write: (bytes: Uint8Array) => void }>()

/** `text` holds one byte a character, since the length counts bytes; undefined while something is missing. */
function parseAnswer(text: string): Parsed | undefined {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) return undefined
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const headers = new Map(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = text.slice(end + 4)
  if (body.length < Number(headers.get('content-length') ?? 0)) return undefined
  return { status: Number(first.split(' ')[1]), headers, body: Buffer.from(body, 'latin1').toString('utf8') }
}

function run({ id, port, bytes = new Uint8Array(), halfClose = false }: RawJob): void {
  const started = performance.now()
  let text = ''
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const finish = (parsed: Parsed) => {
    socket.destroy()
    if (connections.delete(id)) parentPort?.postMessage({ id, answer: { ...parsed, ms: performance.now() - started } })
  }
  connections.set(id, { hangUp: () => finish(noAnswer), write: (more) => void socket.write(more) })
  socket.setTimeout(10_000, () => finish(noAnswer))
  socket.on('error', () => finish(noAnswer))
  socket.on('end', () => finish(noAnswer))
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    const answer = parseAnswer(text)
    if (answer) finish(answer)
  })
  if (halfClose) socket.end(bytes)
  else socket.write(bytes)
}

parentPort?.on('message', (job: RawJob) => {
  const connection = connections.get(job.id)
  if (job.bytes === undefined) connection?.hangUp()
  else if (connection) connection.write(job.bytes)
  else run(job)
})
