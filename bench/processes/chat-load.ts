/** Those who chat: a process of its own, so that what it costs is not the service's. */

import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { Agent, request as open } from 'node:http'
import { nowUs, sentUsOf } from './_chat-lines.ts'

/** Where to ask, and what. */
export type ChatTarget = { readonly port: number; readonly body: string }

/** What it is asked for. Times are microseconds. */
export type ChatLoadRequest =
  /** Asks all targets in turns, so many rounds. Answers, for each, the times from the question to the first byte. */
  | { readonly kind: 'first'; readonly targets: readonly ChatTarget[]; readonly rounds: number }
  /** Asks in so many streams at once, until so many answers are there. Answers the times of all chunks on their way. */
  | { readonly kind: 'stream'; readonly target: ChatTarget; readonly streams: number; readonly answers: number }
  /** Asks one at a time. Answers, for each, the time of the first chunk of text on its way; what else comes is passed over. */
  | { readonly kind: 'text'; readonly target: ChatTarget; readonly answers: number }

const agent = new Agent({ keepAlive: true })

/** Posts a chat. @throws for another status than 200 */
async function post({ port, body }: ChatTarget): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const sent = open({ host: '127.0.0.1', port, method: 'POST', path: '/api/chat', headers, agent })
  sent.end(body)
  const [response]: IncomingMessage[] = await once(sent, 'response')
  if (response?.statusCode !== 200) throw new Error(`Not 200, but ${response?.statusCode}.`)
  return response
}

/** Gives each line with its line break, and when it came, until the answer is over. */
async function listen(target: ChatTarget, onLine: (line: string, atUs: number) => void): Promise<void> {
  const response = await post(target)
  let rest = ''
  response.setEncoding('latin1').on('data', (chunk: string) => {
    const atUs = nowUs()
    const lines = (rest + chunk).split(/(?<=\n)/)
    rest = lines.at(-1)?.endsWith('\n') ? '' : (lines.pop() ?? '')
    for (const line of lines) onLine(line, atUs)
  })
  await once(response, 'end')
}

async function firstByteUs(target: ChatTarget): Promise<number> {
  const sentUs = nowUs()
  const response = await post(target)
  const { promise, resolve } = Promise.withResolvers<number>()
  response.once('data', () => resolve(nowUs() - sentUs))
  await once(response, 'end')
  return promise
}

async function first({ targets, rounds }: Extract<ChatLoadRequest, { kind: 'first' }>): Promise<number[][]> {
  const times: number[][] = targets.map(() => [])
  for (let round = 0; round < rounds; round++)
    for (const [at, target] of targets.entries()) times[at]?.push(await firstByteUs(target))
  return times
}

async function stream(request: Extract<ChatLoadRequest, { kind: 'stream' }>): Promise<number[]> {
  const delays: number[] = []
  let left = request.answers
  const run = async () => {
    while (left-- > 0) {
      let index = 0
      await listen(request.target, (line, atUs) => {
        if (!line.includes('"done":true')) delays.push(atUs - sentUsOf(line, index++))
      })
    }
  }
  await Promise.all(Array.from({ length: request.streams }, run))
  return delays
}

async function text({ target, answers }: Extract<ChatLoadRequest, { kind: 'text' }>): Promise<number[]> {
  const delays: number[] = []
  for (let round = 0; round < answers; round++) {
    await listen(target, (line, atUs) => {
      if (delays.length === round && JSON.parse(line).message.content !== '') delays.push(atUs - sentUsOf(line, 0))
    })
    if (delays.length === round) throw new Error('An answer had no text.')
  }
  return delays
}

function answer(request: ChatLoadRequest): Promise<number[] | number[][]> {
  if (request.kind === 'first') return first(request)
  return request.kind === 'stream' ? stream(request) : text(request)
}

process.on('message', (request: ChatLoadRequest) => {
  answer(request).then(
    (result) => process.send?.(result),
    (error: unknown) => {
      console.error(error)
      process.exit(1)
    },
  )
})
