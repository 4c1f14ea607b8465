import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { winningMoves } from '../games.ts'
import { clientModes, connect } from '../http/mcp/raw.ts'
import type { Service } from './_service.ts'
import { startService } from './_service.ts'

let service: Service
beforeAll(async () => {
  service = await startService()
})
afterAll(() => service.close())

type Client = Awaited<ReturnType<typeof connect>>

/** The structured content of a call that must succeed; the client checks it against the tool's output schema. */
async function play(client: Client, name: string, args: Record<string, unknown>) {
  const { isError, content, structuredContent } = await client.callTool({ name, arguments: args })
  if (isError) throw new Error(`${name}: ${JSON.stringify(content)}`)
  return structuredContent as Record<string, unknown>
}

describe.each(clientModes)('the official client in the $era era', ({ mode }) => {
  test('plays a game to its end', async () => {
    const client = await connect(service.url, mode)
    await client.listTools()
    const { gameId } = await play(client, 'ttt_create_game', {})
    await play(client, 'ttt_start_game', { gameId })
    for (const [player, cell] of winningMoves) await play(client, 'ttt_make_move', { gameId, player, cell })
    const state = await play(client, 'ttt_get_state', { gameId })
    expect(state).toMatchObject({ status: 'Won', winner: 'X', machineState: 'finished' })
    expect((await service.result('ttt_get_state', { gameId })).board).toEqual(state['board'])
    await client.close()
  })

  test('hears of each step of a move that reaches the ledger', async () => {
    const client = await connect(service.url, mode)
    const { gameId } = await play(client, 'ttt_create_game', {})
    await play(client, 'ttt_start_game', { gameId })
    const steps: unknown[] = []
    const move = { name: 'ttt_make_move', arguments: { gameId, player: 'X', cell: 4 } }
    await client.callTool(move, {
      onprogress: ({ progress, total, message }) => steps.push([progress, total, message]),
    })
    expect(steps).toEqual([
      [1, 4, 'checking and signing'],
      [2, 4, 'sent, waiting for the ledger'],
      [3, 4, 'taken, waiting to be seen'],
      [4, 4, 'on the ledger'],
    ])
    await client.close()
  })

  test('reads a refused move as a result with a hint', async () => {
    const client = await connect(service.url, mode)
    const { gameId } = await play(client, 'ttt_create_game', {})
    await play(client, 'ttt_start_game', { gameId })
    const move = { name: 'ttt_make_move', arguments: { gameId, player: 'O', cell: 4 } }
    const { isError, content } = await client.callTool(move)
    expect(isError).toBe(true)
    expect(content).toMatchObject([{ type: 'text', text: expect.stringContaining('"code":"INVALID_MOVE"') }])
    await client.close()
  })

  test('lists the tools of the catalogue: names, words and arguments', async () => {
    const client = await connect(service.url, mode)
    const { tools } = await client.listTools()
    const { tools: catalogue } = (await service.get('/otto/tools')).body as {
      tools: { name: string; summary: string; inputSchema: object; outputSchema: object }[]
    }
    expect(
      tools.map(({ name, description, inputSchema, outputSchema }) => [name, description, inputSchema, outputSchema]),
    ).toEqual(
      catalogue.map(({ name, summary, inputSchema, outputSchema }) => [name, summary, inputSchema, outputSchema]),
    )
    for (const { inputSchema } of tools) expect(inputSchema).toMatchObject({ additionalProperties: false })
    await client.close()
  })

  test('reads a game as a resource', async () => {
    const client = await connect(service.url, mode)
    const { gameId } = await play(client, 'ttt_create_game', {})
    const { contents } = await client.readResource({ uri: `otto://games/${gameId}` })
    const [content] = contents
    expect(content && 'text' in content && JSON.parse(content.text)).toMatchObject({ gameId, machineState: 'setup' })
    await client.close()
  })
})

describe('the official client whose user is asked', () => {
  const [, modern] = clientModes

  test.each([
    { said: 'yes', answer: { action: 'accept' as const, content: { yes: true } }, machineState: 'cancelled' },
    { said: 'no', answer: { action: 'decline' as const }, machineState: 'setup' },
  ])('cancels a game or not: $said', async ({ answer, machineState }) => {
    const client = await connect(service.url, modern.mode, { elicitation: { form: {} } })
    const asked: string[] = []
    client.setRequestHandler('elicitation/create', async ({ params }) => {
      asked.push(params.message)
      return answer
    })
    const { gameId } = await play(client, 'ttt_create_game', {})
    const { isError } = await client.callTool({ name: 'ttt_cancel_game', arguments: { gameId } })
    expect(isError).toBe(machineState !== 'cancelled')
    expect(asked).toEqual([`Cancel game: game ${gameId}? This is signed and cannot be undone.`])
    expect((await service.result('ttt_get_state', { gameId })).machineState).toBe(machineState)
    await client.close()
  })
})
