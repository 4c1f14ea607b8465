import { describe, expect, test } from 'vitest'
import type { Chain } from '../../src/chain/chain.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { MachineView, ScriptView } from '../../src/dialect/dialect.ts'
import { machineIdOf, oracleIdOf } from '../../src/tictactoe/ids.ts'
import type { GameQuery } from '../../src/tictactoe/list-games.ts'
import { createGameList, parseGameCursor } from '../../src/tictactoe/list-games.ts'

const idOf = (number: number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`

const scriptOf = (number: number, state: JsonObject = {}): ScriptView => ({
  fiberId: oracleIdOf(idOf(number)),
  stateData: {
    gameId: idOf(number),
    status: 'NotInitialized',
    board: Array(9).fill(null),
    currentTurn: 'X',
    moveCount: 0,
    moveHistory: [],
    ...state,
  },
  sequenceNumber: 0,
  owners: [],
  status: 'Active',
  creationOrdinal: number,
  latestUpdateOrdinal: number,
  lastInvocation: null,
  scriptProgram: null,
})

const machineOf = (gameId: string, currentState: string): MachineView => ({
  fiberId: machineIdOf(gameId, 0),
  currentState,
  stateData: { gameId },
  sequenceNumber: 1,
  owners: [],
  status: 'Active',
  creationOrdinal: 1,
  latestUpdateOrdinal: 99,
  lastEvent: null,
  definition: null,
})

/** `newest`: the scripts as they stand a moment after they were listed. */
type Ledger = { ordinal: number; scripts: ScriptView[]; newest: ScriptView[] | undefined }

/** A ledger of these scripts, whose machines are all in one state; it counts what is read of it. */
function ledgerOf(scripts: ScriptView[], machineState: string | null = 'setup') {
  const counts = { lists: 0, machines: 0 }
  const ledger: Ledger = { ordinal: 1, scripts, newest: undefined }
  const byMachine = new Map(scripts.map((_, index) => [machineIdOf(idOf(index + 1), 0), idOf(index + 1)]))
  const chain: Pick<Chain, 'readOrdinal' | 'listScripts' | 'readMachine' | 'readScript'> = {
    readOrdinal: async () => ledger.ordinal,
    listScripts: async () => {
      counts.lists += 1
      return ledger.scripts
    },
    readMachine: async (fiberId) => {
      counts.machines += 1
      const gameId = byMachine.get(fiberId)
      return machineState === null || gameId === undefined ? null : machineOf(gameId, machineState)
    },
    readScript: async (fiberId) =>
      (ledger.newest ?? ledger.scripts).find((script) => script.fiberId === fiberId) ?? null,
  }
  const list = createGameList(chain as Chain) // it reads by these four alone
  const page = (query: Partial<GameQuery> = {}) => list({ limit: 50, ...query }, AbortSignal.timeout(5_000))
  return { ledger, counts, list, page }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
const playing = { status: 'InProgress', machineId: machineIdOf(idOf(1), 0), roundCount: 0 }

describe('a page', () => {
  test('holds the newest games first, each once over all pages', async () => {
    const { page } = ledgerOf(numbers(23).map((number) => scriptOf(number, playing)))
    const seen: string[] = []
    let cursor: string | undefined
    for (let pages = 0; pages < 10; pages++) {
      const { games, next } = await page({ limit: 5, cursor })
      seen.push(...games.map(({ gameId }) => gameId))
      if (next === null) break
      cursor = next
    }
    expect(seen).toEqual(numbers(23).toReversed().map(idOf))
  })

  test('stays where it was while newer games come', async () => {
    const { ledger, page } = ledgerOf(numbers(4).map((number) => scriptOf(number, playing)))
    const first = await page({ limit: 2 })
    ledger.scripts = [...ledger.scripts, scriptOf(5, playing)]
    ledger.ordinal += 1
    const second = await page({ limit: 2, cursor: first.next ?? '' })
    expect(second.games.map(({ gameId }) => gameId)).toEqual([idOf(2), idOf(1)])
    expect(second.next).toBeNull()
  })

  test('separates games that one snapshot created', async () => {
    const scripts = numbers(6).map((number) => ({ ...scriptOf(number, playing), creationOrdinal: 3 }))
    const { page } = ledgerOf(scripts)
    const first = await page({ limit: 4 })
    const second = await page({ limit: 4, cursor: first.next ?? '' })
    expect([...first.games, ...second.games].map(({ gameId }) => gameId).toSorted()).toEqual(numbers(6).map(idOf))
  })

  test('shows a game in few words', async () => {
    const won = { ...playing, status: 'Won', winner: 'O', moveCount: 6, roundCount: 2 }
    const { page } = ledgerOf([scriptOf(1, won)])
    expect((await page()).games).toEqual([
      {
        gameId: idOf(1),
        machineId: playing.machineId,
        oracleId: oracleIdOf(idOf(1)),
        machineState: 'finished',
        status: 'Won',
        roundCount: 2,
        moveCount: 6,
        turn: null,
        winner: 'O',
        ordinal: 1,
      },
    ])
  })
})

describe('only games of ours are listed', () => {
  test.each([
    { name: 'a script elsewhere', script: { ...scriptOf(1, playing), fiberId: idOf(9) } },
    { name: 'a script of another shape', script: scriptOf(1, { status: 'Paused' }) },
    { name: 'a script without a game', script: { ...scriptOf(1), stateData: null } },
  ])('$name is not', async ({ script }) => {
    expect(await ledgerOf([script]).page()).toEqual({ games: [], next: null })
  })

  test('nor is an oracle whose machine is not there yet', async () => {
    expect(await ledgerOf([scriptOf(1)], null).page()).toEqual({ games: [], next: null })
  })
})

describe('a game that was never started', () => {
  test('is in setup, or cancelled as its machine says', async () => {
    expect((await ledgerOf([scriptOf(1)]).page()).games).toMatchObject([
      { machineState: 'setup', status: 'NotInitialized', ordinal: 1 },
    ])
    expect((await ledgerOf([scriptOf(1)], 'cancelled').page()).games).toMatchObject([
      { machineState: 'cancelled', status: 'Cancelled', ordinal: 99 },
    ])
  })

  test('is found by what its machine says', async () => {
    const { page } = ledgerOf([scriptOf(1), scriptOf(2, playing)], 'cancelled')
    expect((await page({ machineState: 'cancelled' })).games).toMatchObject([{ gameId: idOf(1) }])
    expect((await page({ status: 'Cancelled' })).games).toMatchObject([{ gameId: idOf(1) }])
    expect((await page({ status: 'NotInitialized' })).games).toEqual([])
    expect((await page({ machineState: 'playing' })).games).toMatchObject([{ gameId: idOf(2) }])
  })

  test('and is started while it is being listed is shown as started', async () => {
    const { ledger, page } = ledgerOf([scriptOf(1)], 'playing')
    expect((await page()).games).toEqual([]) // a slow node: the oracle says nothing of it yet
    ledger.newest = [scriptOf(1, playing)]
    expect((await page()).games).toMatchObject([{ machineState: 'playing', status: 'InProgress' }])
  })
})

describe('the cost', () => {
  test('scripts are read once a snapshot, however many ask', async () => {
    const { ledger, counts, page } = ledgerOf(numbers(3).map((number) => scriptOf(number, playing)))
    await Promise.all([page(), page(), page({ limit: 1 })])
    await page()
    expect(counts.lists).toBe(1)
    ledger.ordinal += 1
    await page()
    expect(counts.lists).toBe(2)
  })

  test('a search for what is rare asks at most 200 machines, and says where to go on', async () => {
    const { counts, page } = ledgerOf(numbers(450).map((number) => scriptOf(number)))
    const first = await page({ machineState: 'cancelled' })
    expect(first.games).toEqual([])
    expect(counts.machines).toBeLessThanOrEqual(208) // sixteen at a time
    const second = await page({ machineState: 'cancelled', cursor: first.next ?? '' })
    const third = await page({ machineState: 'cancelled', cursor: second.next ?? '' })
    expect([second.next === null, third.next]).toEqual([false, null])
  })

  test('games that the oracle alone tells apart cost no machine', async () => {
    const { counts, page } = ledgerOf(numbers(30).map((number) => scriptOf(number, number % 2 ? playing : {})))
    expect((await page({ status: 'InProgress' })).games).toHaveLength(15)
    expect(counts.machines).toBe(0)
  })
})

test('a read that failed is tried again by the next caller', async () => {
  const { ledger } = ledgerOf([])
  let fails = true
  const chain: Pick<Chain, 'readOrdinal' | 'listScripts'> = {
    readOrdinal: async () => ledger.ordinal,
    listScripts: async () => {
      if (fails) throw new Error('no answer')
      return []
    },
  }
  const list = createGameList(chain as Chain)
  await expect(list({ limit: 1 }, AbortSignal.timeout(5_000))).rejects.toThrow('no answer')
  fails = false
  expect(await list({ limit: 1 }, AbortSignal.timeout(5_000))).toEqual({ games: [], next: null })
})

test('a caller whose time is up is told so, and takes nothing from the others', async () => {
  const answer = Promise.withResolvers<readonly ScriptView[]>()
  const chain: Pick<Chain, 'readOrdinal' | 'listScripts'> = {
    readOrdinal: async () => 1,
    listScripts: () => answer.promise,
  }
  const list = createGameList(chain as Chain)
  const gone = new AbortController()
  const early = list({ limit: 1 }, gone.signal)
  const patient = list({ limit: 1 }, AbortSignal.timeout(5_000))
  gone.abort()
  await expect(early).rejects.toMatchObject({ code: 'DEADLINE_EXCEEDED' })
  answer.resolve([scriptOf(1, playing)])
  expect((await patient).games).toHaveLength(1)
})

test.each(['', '1', '1.', `-1.${idOf(1)}`, `1.${idOf(1)}x`, `1.5.${idOf(1)}`, `${'9'.repeat(16)}.${idOf(1)}`])(
  '%s is no cursor',
  (text) => {
    expect(parseGameCursor(text)).toBeUndefined()
  },
)
