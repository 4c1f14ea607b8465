import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Breaker, Leave } from '../../src/core/breaker.ts'
import { createBreaker } from '../../src/core/breaker.ts'
import { createVirtualClock } from '../chain/virtual-clock.ts'

/** A breaker on a clock that the test moves, and what it told of itself. */
function watched() {
  const clock = createVirtualClock()
  const changes: string[] = []
  const breaker = createBreaker({ clock, onChange: (state) => void changes.push(state) })
  return { clock, changes, breaker, pass: (ms: number) => clock.run(clock.sleep(ms)) }
}

type Word = 'succeed' | 'fail' | 'cancel'

/** Asks once and says at once how it went. @returns whether it was let through */
function ask(breaker: Breaker, word: Word): boolean {
  const leave = breaker.enter()
  leave?.[word]()
  return leave !== undefined
}

const askOften = (breaker: Breaker, word: Word, times: number) => {
  for (let i = 0; i < times; i++) ask(breaker, word)
}

function entered(breaker: Breaker): Leave {
  const leave = breaker.enter()
  if (leave === undefined) throw new Error('Nobody is let through.')
  return leave
}

describe('opens', () => {
  test('after five failures in a row', () => {
    const { breaker, changes } = watched()
    askOften(breaker, 'fail', 4)
    expect(breaker.state()).toBe('closed')
    ask(breaker, 'fail')
    expect(breaker.state()).toBe('open')
    expect(breaker.retryAfterMs()).toBe(2_000)
    expect(changes).toEqual(['open'])
  })

  test('not while something answers in between, and what is left untold changes nothing', () => {
    const { breaker } = watched()
    askOften(breaker, 'fail', 4)
    ask(breaker, 'succeed')
    askOften(breaker, 'fail', 4)
    askOften(breaker, 'cancel', 50)
    expect(breaker.state()).toBe('closed')
    ask(breaker, 'fail')
    expect(breaker.state()).toBe('open')
  })

  test('when half of twenty fail', () => {
    const { breaker } = watched()
    for (let pair = 0; pair < 9; pair++) for (const word of ['succeed', 'fail'] as const) ask(breaker, word)
    ask(breaker, 'succeed')
    expect(breaker.state()).toBe('closed')
    ask(breaker, 'fail') // the tenth of twenty
    expect(breaker.state()).toBe('open')
  })

  test('not when they are ten seconds apart', async () => {
    const { breaker, pass } = watched()
    for (let pair = 0; pair < 9; pair++) for (const word of ['succeed', 'fail'] as const) ask(breaker, word)
    await pass(10_000)
    for (const word of ['succeed', 'fail'] as const) ask(breaker, word)
    expect(breaker.state()).toBe('closed')
  })

  test('not when fewer than half fail', () => {
    const { breaker } = watched()
    for (let round = 0; round < 100; round++)
      for (const word of ['succeed', 'succeed', 'fail'] as const) ask(breaker, word)
    expect(breaker.state()).toBe('closed')
  })
})

describe('while it is open', () => {
  test('nobody is let through for two seconds, then one probe, which closes it', async () => {
    const { breaker, changes, pass } = watched()
    askOften(breaker, 'fail', 5)
    await pass(1_999)
    expect(breaker.enter()).toBeUndefined()
    await pass(1)
    expect(breaker.state()).toBe('half_open')
    const probe = entered(breaker)
    expect(probe.isProbe).toBe(true)
    expect(breaker.enter()).toBeUndefined()
    expect(breaker.retryAfterMs()).toBe(1_000)
    probe.succeed()
    expect(breaker.state()).toBe('closed')
    expect(breaker.retryAfterMs()).toBe(0)
    expect(entered(breaker).isProbe).toBe(false)
    expect(changes).toEqual(['open', 'closed'])
  })

  test('each failed probe doubles the time up to 30 s, and closing forgets it', async () => {
    const { breaker, pass } = watched()
    askOften(breaker, 'fail', 5)
    const seen: number[] = []
    for (let probes = 0; probes < 6; probes++) {
      seen.push(breaker.retryAfterMs())
      await pass(breaker.retryAfterMs())
      ask(breaker, 'fail')
    }
    expect(seen).toEqual([2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    await pass(30_000)
    ask(breaker, 'succeed')
    askOften(breaker, 'fail', 5)
    expect(breaker.retryAfterMs()).toBe(2_000)
  })

  test('a probe that was left lets another one through at once', async () => {
    const { breaker, pass } = watched()
    askOften(breaker, 'fail', 5)
    await pass(2_000)
    entered(breaker).cancel()
    expect(entered(breaker).isProbe).toBe(true)
  })

  test('a probe that says nothing is given up, and its late word does not count', async () => {
    const { breaker, pass } = watched()
    askOften(breaker, 'fail', 5)
    await pass(2_000)
    const lost = entered(breaker)
    await pass(29_999)
    expect(breaker.enter()).toBeUndefined()
    await pass(1)
    const next = entered(breaker)
    lost.succeed()
    expect(breaker.state()).toBe('half_open')
    next.succeed()
    expect(breaker.state()).toBe('closed')
  })

  test('whoever was let through before it opened says nothing any more', async () => {
    const { breaker, pass } = watched()
    const early = Array.from({ length: 6 }, () => entered(breaker))
    askOften(breaker, 'fail', 5)
    early[0]?.succeed()
    expect(breaker.state()).toBe('open')
    await pass(2_000)
    ask(breaker, 'succeed')
    for (const leave of early) leave.fail()
    expect(breaker.state()).toBe('closed')
  })

  test('only the first word of a leave counts', () => {
    const { breaker } = watched()
    const leave = entered(breaker)
    for (let i = 0; i < 5; i++) leave.fail()
    expect(breaker.state()).toBe('closed')
  })
})

/** Callers at any times, each of whom holds its leave for a while before it says how it went. */
const callers = fc.array(
  fc.record({
    afterMs: fc.oneof(fc.nat({ max: 50 }), fc.nat({ max: 5_000 })),
    holdsMs: fc.oneof(fc.constant(0), fc.nat({ max: 6_000 })),
    word: fc.constantFrom<Word>('succeed', 'fail', 'cancel'),
  }),
  { maxLength: 120 },
)

type Caller = { readonly afterMs: number; readonly holdsMs: number; readonly word: Word }
type Seen = { readonly atMs: number; readonly isProbe: boolean; readonly word: Word }

/** Plays the callers and tells who was let through, when. */
async function play(clock: ReturnType<typeof createVirtualClock>, breaker: Breaker, all: readonly Caller[]) {
  const seen: Seen[] = []
  const openings: { readonly fromMs: number; readonly untilMs: number }[] = []
  let probesOut = 0
  let mostProbesOut = 0
  const hold = async (leave: Leave, { holdsMs, word }: Caller) => {
    if (leave.isProbe) mostProbesOut = Math.max(mostProbesOut, ++probesOut)
    await clock.sleep(holdsMs)
    if (leave.isProbe) probesOut -= 1
    const before = breaker.state()
    leave[word]()
    if (before === 'open' || breaker.state() !== 'open') return
    const fromMs = clock.monotonicMs()
    openings.push({ fromMs, untilMs: fromMs + breaker.retryAfterMs() })
  }
  const holding: Promise<void>[] = []
  const arrive = async () => {
    for (const caller of all) {
      await clock.sleep(caller.afterMs)
      const leave = breaker.enter()
      if (leave === undefined) continue
      seen.push({ atMs: clock.monotonicMs(), isProbe: leave.isProbe, word: caller.word })
      holding.push(hold(leave, caller))
    }
    await Promise.all(holding)
  }
  await clock.run(arrive())
  return { seen, openings, mostProbesOut }
}

const law = (check: (all: readonly Caller[]) => Promise<void>) =>
  fc.assert(fc.asyncProperty(callers, check), { numRuns: 60 })

describe('laws', () => {
  test('there is never more than one probe, and between opening and its time nobody is let through', () =>
    law(async (all) => {
      const clock = createVirtualClock()
      const breaker = createBreaker({ clock })
      const { seen, openings, mostProbesOut } = await play(clock, breaker, all)
      expect(mostProbesOut).toBeLessThanOrEqual(1)
      for (const { fromMs, untilMs } of openings) {
        expect(untilMs - fromMs).toBeGreaterThanOrEqual(2_000)
        expect(untilMs - fromMs).toBeLessThanOrEqual(30_000)
        expect(seen.filter(({ atMs }) => atMs > fromMs && atMs < untilMs)).toEqual([])
      }
    }))

  test('an upstream that always answers is never kept from anybody', () =>
    law(async (all) => {
      const clock = createVirtualClock()
      const breaker = createBreaker({ clock })
      const well = all.map((caller) => ({ ...caller, word: caller.word === 'fail' ? 'succeed' : caller.word }) as const)
      expect((await play(clock, breaker, well)).seen).toHaveLength(all.length)
    }))

  test('an upstream that is down is asked five times, then ever more seldom', () =>
    law(async (all) => {
      const clock = createVirtualClock()
      const breaker = createBreaker({ clock })
      const down = all.map(({ afterMs }) => ({ afterMs, holdsMs: 0, word: 'fail' }) as const)
      const { seen } = await play(clock, breaker, down)
      const totalMs = clock.monotonicMs()
      // 5, then one after each of 2, 4, 8, 16, 30, 30 … seconds.
      const probes = [
        2, 6, 14, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 330, 360, 390, 420, 450, 480, 510, 540, 570, 600,
      ]
      expect(seen.filter(({ isProbe }) => !isProbe).length).toBeLessThanOrEqual(5)
      expect(seen.filter(({ isProbe }) => isProbe).length).toBeLessThanOrEqual(
        probes.filter((atSeconds) => atSeconds * 1_000 <= totalMs).length,
      )
    }))

  test('whatever came before, 60 s later the first answer closes it', () =>
    law(async (all) => {
      const clock = createVirtualClock()
      const breaker = createBreaker({ clock })
      await play(clock, breaker, all)
      await clock.run(clock.sleep(60_000))
      expect(ask(breaker, 'succeed')).toBe(true)
      expect(breaker.state()).toBe('closed')
    }))
})
