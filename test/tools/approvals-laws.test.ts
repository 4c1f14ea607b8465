import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ToolOutcome } from '../../src/tools/tool.ts'
import type { Ending, Run } from './_approvals-world.ts'
import { by, endings, minutes, world } from './_approvals-world.ts'

type Step =
  | { readonly kind: 'call'; readonly cell: number; readonly key: string | undefined }
  | { readonly kind: 'end'; readonly nth: number; readonly how: Ending }
  | { readonly kind: 'decide'; readonly nth: number; readonly yes: boolean }
  | { readonly kind: 'pass'; readonly minutes: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('call'), cell: fc.nat(1), key: fc.constantFrom(undefined, 'a', 'b') }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('end'), nth: fc.nat(3), how: fc.constantFrom(...endingNames()) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('decide'), nth: fc.nat(2), yes: fc.constantFrom(true, true, false) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pass'), minutes: fc.nat(6) }) },
)

function endingNames(): Ending[] {
  return Object.keys(endings) as Ending[] // the keys of a constant
}

test('law: what has run to its end or still runs was approved, each time by an answer of its own', async () => {
  let finished = 0
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 20, maxLength: 60 }), async (steps) => {
      const { start, approvals, pass } = await world()
      const cellById = new Map<string, number>()
      const approved = new Set<string>()
      const settled = [0, 0]
      const running: {
        readonly cell: number
        readonly key: string | undefined
        readonly run: Run
        readonly outcome: Promise<ToolOutcome>
      }[] = []
      for (const one of steps) {
        if (one.kind === 'call') {
          const more = one.key ? { key: `${one.key}${one.cell}` } : {}
          // A repeat under a key joins the run of the first, and is answered with it.
          if (more.key && running.some(({ key }) => key === more.key)) continue
          const { run, outcome } = await start('play', { gameId: 'g', cell: one.cell }, more)
          if (run) {
            expect(run.args).toMatchObject({ cell: one.cell })
            running.push({ cell: one.cell, key: more.key, run, outcome })
          }
          for (const { id, args } of await approvals.list()) cellById.set(id, Number(args['cell']))
        } else if (one.kind === 'end') {
          const [ended] = running.splice(one.nth % Math.max(running.length, 1), 1)
          ended?.run.end(one.how)
          const told = await ended?.outcome
          // What goes on under its key may be open still, however this run of it ended.
          if (ended && told && (told.success || !told.retryable)) settled[ended.cell] = (settled[ended.cell] ?? 0) + 1
          if (ended) finished += 1
        } else if (one.kind === 'decide') {
          const id = [...cellById.keys()].at(-1 - one.nth) ?? ''
          if ((await approvals.decide(id, one.yes, by))?.status === 'approved') approved.add(id)
        } else pass(one.minutes * minutes)
        for (const cell of [0, 1]) {
          const answers = [...approved].filter((id) => cellById.get(id) === cell).length
          const under = running.filter((each) => each.cell === cell).length
          expect((settled[cell] ?? 0) + under).toBeLessThanOrEqual(answers)
        }
      }
      for (const { run } of running) run.end('done')
    }),
    { numRuns: 60 },
  )
  expect(finished).toBeGreaterThan(60) // it did get somewhere
})
