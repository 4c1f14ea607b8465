import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Amount, Budgets, ScopePath } from '../../src/budget/budget.ts'
import { createBudgets } from '../../src/budget/create-budgets.ts'
import { limitModel } from '../../src/budget/limit-model.ts'
import { createUsageLedger } from '../../src/budget/usage-ledger.ts'
import { LlmStreamCutError, LlmTimeoutError, LlmUnavailableError } from '../../src/llm/errors.ts'
import type { ModelEvent } from '../../src/llm/language-model.ts'
import { randomId } from '../../src/system.ts'
import type { TestDatabase } from '../db/kit.ts'
import { eventually } from '../db/kit.ts'
import { collect, engines, freshDay, guard, handClock, scope, unguard } from './_kit.ts'
import { end, modelOf, prices, request, says, text, usageOf } from './_limited.ts'

/** What a server does with a question. `wild` is what it claims. */
const answers = {
  honest: () => says(text('Hello'), end(usageOf(300, 12))),
  claims: (wild: number) => says(text('Hello'), end(usageOf(wild, wild))),
  denies: () => says(text('Hello'), end(usageOf(0, 0))),
  talks: async function* (): AsyncGenerator<ModelEvent> {
    for (;;) yield text('and so on and on ')
  },
  breaks: () => says(text('Hel'), new LlmStreamCutError()),
  hangs: () => says(new LlmTimeoutError(1)),
  isAway: () => says(new LlmUnavailableError()),
  resets: () => says(text(''), new LlmUnavailableError(undefined, { wasReset: true })),
  isBroken: () => says(new Error('a bug')),
  isLeft: () => says(text('Hello'), text('who is there')),
  isStopped: () => says(text('Hello'), text('who is there')),
} as const satisfies Readonly<Record<string, (wild: number) => AsyncIterable<ModelEvent>>>
type Answer = keyof typeof answers

const call = fc.record({
  answer: fc.constantFrom(...(Object.keys(answers) as Answer[])), // the keys of a literal are its names
  wild: fc.oneof(fc.nat(2_000), fc.constantFrom(-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, 1e300)),
  provider: fc.constantFrom('paid', 'ollama'),
  agent: fc.nat(3),
  session: fc.nat(5),
  task: fc.nat(9),
  maxOutputTokens: fc.integer({ min: 1, max: 300 }),
  process: fc.nat(1),
})
const limits = fc.record({ tokens: fc.integer({ min: 0, max: 60_000 }), nanoUsd: fc.integer({ min: 0, max: 600_000 }) })

/** Counts along what is handed out, and says at once where it is more than there is. */
function watch(budgets: Budgets, passed: string[]): Budgets {
  const used = new Map<string, Amount>()
  const add = (path: ScopePath, { tokens, nanoUsd }: Amount): void => {
    for (const { kind, id, ...limit } of path) {
      const key = `${kind} ${id}`
      const { tokens: before, nanoUsd: paid } = used.get(key) ?? { tokens: 0, nanoUsd: 0 }
      const now = { tokens: before + tokens, nanoUsd: paid + nanoUsd }
      used.set(key, now)
      if (now.tokens > (limit.tokens ?? now.tokens) || now.nanoUsd > (limit.nanoUsd ?? now.nanoUsd)) passed.push(key)
    }
  }
  return {
    ...budgets,
    async reserve(path, worst, ids) {
      const reservation = await budgets.reserve(path, worst, ids)
      const { reserved } = reservation
      add(path, reserved)
      const giveBack = ({ tokens, nanoUsd }: Amount) =>
        add(path, { tokens: tokens - reserved.tokens, nanoUsd: nanoUsd - reserved.nanoUsd })
      return {
        ...reservation,
        async settle(spent, row) {
          await reservation.settle(spent, row)
          giveBack(spent)
        },
        async release(row) {
          await reservation.release(row)
          giveBack({ tokens: 0, nanoUsd: 0 })
        },
      }
    },
  }
}

// A slow server refuses some for want of a connection: before anything is asked.
const allowed = ['BUDGET_EXCEEDED', 'LLM_STREAM_CUT', 'LLM_TIMEOUT', 'LLM_UNAVAILABLE', 'STORAGE_UNAVAILABLE']
const isAllowed = (error: unknown): boolean =>
  error instanceof Error && (('code' in error && allowed.includes(String(error.code))) || error.message === 'a bug')

describe.each(engines)('hundreds of agents and a hostile server, on $name', ({ isThere, open }) => {
  if (!isThere) return void test('needs a database that is not there', () => expect(isThere).toBe(false))
  let opened: TestDatabase
  beforeAll(async () => {
    opened = await open()
  })
  afterAll(() => opened.close())

  test('law: no scope is overspent by one token or one billionth of a dollar, and nothing stays held', async () => {
    const { database, other } = opened
    await fc.assert(
      fc.asyncProperty(
        fc.array(call, { minLength: 100, maxLength: 300 }),
        fc.record({ agent: limits, session: limits, task: limits, usd: fc.constantFrom(0.0001, 0.001, 10) }),
        async (calls, { usd, ...caps }) => {
          const run = randomId()
          const day = freshDay()
          const { clock } = handClock(Date.parse(`${day}T12:00:00Z`))
          const bounds = { ...caps, day: { tokens: Number.MAX_SAFE_INTEGER, nanoUsd: Math.round(usd * 1e9) } }
          const kinds = ['agent', 'session', 'day'] as const
          for (const kind of kinds) await guard(database, kind, bounds[kind])
          const passed: string[] = []
          const warnings: string[] = []
          const processes = [database, other].map((each) => {
            const publish = (type: string, data: object) => {
              if (type === 'budget.warning') warnings.push(JSON.stringify(data))
            }
            const budgets = createBudgets({ database: each, clock, publish, maxUsdPerDay: usd })
            return {
              budgets: watch(budgets, passed),
              usage: createUsageLedger({ database: each, clock, newId: randomId }),
            }
          })
          const outcomes = await Promise.allSettled(
            calls.map(async ({ answer, wild, provider, agent, session, task, maxOutputTokens, process }) => {
              const mine = processes[process]
              if (mine === undefined) throw new TypeError('There are two processes.')
              const ids = {
                agentId: `${run}-${agent}`,
                sessionId: `${run}-${session}`,
                taskId: `${run}-${process}-${task}`,
              }
              const path = [
                scope('agent', ids.agentId, { window: 'day', ...caps.agent }),
                scope('session', ids.sessionId, { window: 'ever', ...caps.session }),
                scope('task', ids.taskId, caps.task),
              ]
              const { model } = modelOf(() => answers[answer](wild))
              const isOn = () => false
              const deps = { ...mine, clock, ids, maxOutputTokens, provider, prices, publish: () => {}, kill: { isOn } }
              const limited = limitModel(model, { ...deps, path: () => path })
              const gone = new AbortController()
              for await (const _ of limited.chat(request, { signal: gone.signal })) {
                if (answer === 'isLeft') break
                if (answer === 'isStopped') gone.abort()
              }
            }),
          )
          expect(
            outcomes.flatMap((one) => (one.status === 'rejected' && !isAllowed(one.reason) ? [one.reason] : [])),
          ).toEqual([])
          expect(passed).toEqual([])
          expect(new Set(warnings).size).toBe(warnings.length)

          const standings = async () =>
            (await Promise.all(processes.map(({ budgets }) => budgets.standings())))
              .flat()
              .filter(({ id }) => id.startsWith(run) || id === day)
          // What could not be stored at once is stored soon.
          const own = await eventually(standings, (all) => all.every(({ held }) => held.tokens === 0))
          for (const { kind, held, spent } of own) {
            expect({ kind, held }).toEqual({ kind, held: { tokens: 0, nanoUsd: 0 } })
            if (kind !== 'day' && kind in caps) {
              expect(spent.tokens).toBeLessThanOrEqual(bounds[kind as 'agent'].tokens)
              expect(spent.nanoUsd).toBeLessThanOrEqual(bounds[kind as 'agent'].nanoUsd)
            }
          }
          // What the rows say and what the budgets say is the same, to the last billionth.
          const rows = await Promise.all(
            processes.map(({ usage }) => collect(usage.rows({ fromMs: clock.nowMs(), untilMs: clock.nowMs() + 1 }))),
          )
          const charged = new Map(rows.flat().map(({ id, nanoUsd }) => [id, nanoUsd]))
          const sum = [...charged.values()].reduce((total, one) => total + one, 0)
          expect(own.find(({ kind }) => kind === 'day')?.spent.nanoUsd).toBe(sum)
          for (const kind of kinds) await unguard(database, kind)
        },
      ),
      { numRuns: 6, endOnFailure: true },
    )
  }, 120_000)
})
