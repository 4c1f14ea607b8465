import { join } from 'node:path'
import { loadCore, programPath, serviceCore, startWorker } from './child.ts'
import { get, openConnection, post } from './processes/_connection.ts'
import type { ChatLoadRequest, ChatTarget } from './processes/chat-load.ts'
import type { ChatScript } from './processes/chat-model.ts'
import type { Service } from './service.ts'
import { startOtto, startProgram, temporaryFolder } from './service.ts'

/** One way to the model server, with what is asked there. */
export type Way = { readonly target: ChatTarget; readonly service: Service }

/** The service, the pipe and the model server, and those who chat. */
export type ChatStage = {
  /** Microseconds, as the request says. */
  measure(request: Extract<ChatLoadRequest, { kind: 'first' }>): Promise<readonly (readonly number[])[]>
  measure(request: Exclude<ChatLoadRequest, { kind: 'first' }>): Promise<readonly number[]>
  /**
   * The same answer by each way. What the door asks the model server, tools and all, is what the others ask as well: both
   * sides then carry the same bytes.
   */
  ways(script: ChatScript): Promise<Record<'direct' | 'pipe' | 'door', Way>>
  /** A chat that reads so many games before its text. */
  gamesTarget(games: number): Promise<ChatTarget>
}

/** The model server shares a core with those who chat; the door and the pipe have the other one in turns. */
export async function withChatStage<T>(work: (stage: ChatStage) => Promise<T>): Promise<T> {
  const folder = await temporaryFolder()
  const start = (name: string, args: readonly string[], cores: readonly number[]) =>
    startProgram([programPath(name), ...args], { cores, log: join(folder.path, `${name}.log`) })
  await using open = new AsyncDisposableStack()
  open.defer(() => folder.remove())
  const model = await start('chat-model', [], loadCore)
  open.defer(() => model.stop())
  const pipe = await start('chat-pipe', [String(model.port)], serviceCore)
  open.defer(() => pipe.stop())
  const env = { OLLAMA_URL: `http://127.0.0.1:${model.port}` }
  const door = await startOtto({ cores: serviceCore, folder: folder.path, env })
  open.defer(() => door.stop())
  const load = startWorker('chat-load', loadCore)
  open.defer(() => load.stop())
  const measure = (request: ChatLoadRequest) => load.ask<never>(request)
  return await work({
    measure,
    async ways(script) {
      const target = { port: door.port, body: bodyOf('Where should I begin?', script) }
      await measure({ kind: 'stream', target, streams: 1, answers: 1 })
      const body = await asked(model.port)
      return {
        door: { target, service: door },
        pipe: { target: { port: pipe.port, body }, service: pipe },
        direct: { target: { port: model.port, body }, service: model },
      }
    },
    async gamesTarget(games) {
      const ids = await createGames(door.port, games)
      return { port: door.port, body: bodyOf(`Compare ${ids.join(', ')}.`, { chunks: 1, pace_ms: 0 }) }
    },
  })
}

const bodyOf = (content: string, options: ChatScript): string =>
  JSON.stringify({ model: 'bench', messages: [{ role: 'user', content }], options })

async function asked(port: number): Promise<string> {
  const connection = await openConnection(port)
  try {
    // The connection gives bytes as they are, one a character.
    return Buffer.from(await connection.send(get('/asked')), 'latin1').toString('utf8')
  } finally {
    connection.close()
  }
}

async function createGames(port: number, games: number): Promise<readonly string[]> {
  const connection = await openConnection(port)
  const ids: string[] = []
  try {
    for (let game = 0; game < games; game++) {
      const answer = await connection.send(post('/otto/tool', JSON.stringify({ tool: 'ttt_create_game', args: {} })))
      ids.push(JSON.parse(answer).result.gameId)
    }
  } finally {
    connection.close()
  }
  return ids
}
