// npm run smoke: the service with a scripted model on free ports, as people use it. Prints a line for each of three ways,
// and ends with 1 where one of them fails. The model is a script; no language model runs.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ollama } from 'ollama'
import { startScripted } from './scripted/_scripted.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const limitMs = 30_000

type Ways = { readonly url: string; readonly health: readonly string[] }

/** A game by the tools, then the same read by its address. */
async function byCurl({ url }: Ways): Promise<string> {
  const curl = async (path: string, body?: object) => {
    const sent = body === undefined ? [] : ['-H', 'content-type: application/json', '-d', JSON.stringify(body)]
    const { stdout } = await run('curl', ['-sS', '--max-time', '20', ...sent, `${url}${path}`])
    return JSON.parse(stdout)
  }
  const { result } = await curl('/otto/tool', { tool: 'ttt_create_game' })
  const { gameId } = result
  for (const [tool, more] of [
    ['ttt_start_game', {}],
    ['ttt_make_move', { player: 'X', cell: 4 }],
  ] as const) {
    const { success, error } = await curl('/otto/tool', { tool, args: { gameId, ...more } })
    if (!success) throw new Error(error)
  }
  const state = await curl(`/otto/games/${gameId}/state`)
  if (state.board[4] !== 'X' || state.turn !== 'O') throw new Error(`The board is ${state.boardText}.`)
  return 'X holds the centre'
}

/** A chat as Open WebUI has it: what it asks first, then a stream with cards of tool runs. */
async function byOpenWebUi({ url }: Ways): Promise<string> {
  const headers = { 'x-openwebui-chat-id': 'smoke', 'x-openwebui-user-name': 'smoke' }
  const ollama = new Ollama({ host: url, headers })
  const { models } = await ollama.list()
  const [{ name: model } = { name: '' }] = models
  const content = 'Play a game of tic-tac-toe with yourself.'
  let text = ''
  for await (const { message } of await ollama.chat({ model, messages: [{ role: 'user', content }], stream: true }))
    text += message.content
  const cards = text.match(/<details type="tool_calls" done="true"/g)?.length ?? 0
  if (cards !== 11 || !/A draw\./.test(text)) throw new Error(`${cards} tool runs, and: ${text.slice(-200)}`)
  return '11 tool runs on cards, and a draw'
}

/** The health check of the image, as its container engine runs it. */
async function byHealthCheck({ url, health: [, ...check] }: Ways): Promise<string> {
  const { port } = new URL(url)
  await run(process.execPath, check, { env: { OTTO_PORT: port }, timeout: 10_000 })
  return 'the command of the image is healthy'
}

/** What the image runs, and how it is asked whether it is well. */
async function readImage() {
  const text = await readFile(join(root, 'Dockerfile'), 'utf8')
  const [, command = '[]'] = /^CMD (.*)$/m.exec(text) ?? []
  const [, health = '[]'] = /^HEALTHCHECK .* CMD (.*)$/m.exec(text) ?? []
  return { command: JSON.parse(command) as string[], health: JSON.parse(health) as string[] }
}

async function main(): Promise<number> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-smoke-'))
  const model = await startScripted()
  const { command, health } = await readImage()
  const { PATH = '', HOME = '' } = process.env
  const settings = { OTTO_PORT: '0', OTTO_DEVNET_L1_PORT: '0', OTTO_DEVNET_L0_PORT: '0', OTTO_LOG_LEVEL: 'info' }
  const folders = { OTTO_DATA_DIR: join(dir, 'var'), OTTO_WALLET_DIR: join(dir, 'wallets') }
  const service = spawn(process.execPath, command.slice(1), {
    cwd: root,
    env: { PATH, HOME, ...settings, ...folders, OLLAMA_URL: model.url, OTTO_MODEL: 'otto-scripted' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(service, 'exit')
  try {
    const url = await readyUrl(service.stdout)
    const ways = { 'curl on the tools': byCurl, 'a chat of Open WebUI': byOpenWebUi, 'the container': byHealthCheck }
    let failed = 0
    for (const [name, way] of Object.entries(ways)) failed += await told(name, () => way({ url, health }))
    return failed === 0 ? 0 : 1
  } finally {
    service.kill('SIGTERM')
    await exit
    await model.close()
    await rm(dir, { recursive: true, force: true })
  }
}

/** @returns 1 for a failure */
async function told(name: string, way: () => Promise<string>): Promise<number> {
  try {
    process.stdout.write(`ok      ${name}: ${await way()}\n`)
    return 0
  } catch (error) {
    process.stdout.write(`failed  ${name}: ${error instanceof Error ? error.message : error}\n`)
    return 1
  }
}

async function readyUrl(stdout: NodeJS.ReadableStream): Promise<string> {
  for await (const line of createInterface({ input: stdout, signal: AbortSignal.timeout(limitMs) })) {
    const { msg, url } = JSON.parse(line)
    if (msg !== 'ready') continue
    stdout.resume()
    return url
  }
  throw new Error('The service did not start.')
}

process.exitCode = await main().catch((error: unknown) => {
  process.stdout.write(`failed  the start: ${error instanceof Error ? error.message : error}\n`)
  return 1
})
