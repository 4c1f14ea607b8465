import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Transition } from '../../src/core/fsm.ts'
import { createMachine } from '../../src/core/fsm.ts'

const door = { open: ['closed'], closed: ['open', 'locked'], locked: ['closed', 'broken'], broken: [] } as const
type Door = keyof typeof door
const states: readonly Door[] = ['open', 'closed', 'locked', 'broken']

test('law: it goes where the table says and nowhere else, and tells each step once', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...states)), (wishes) => {
      const told: Transition<Door>[] = []
      const machine = createMachine<Door>(door, {
        name: 'door',
        initial: 'open',
        onTransition: (step) => told.push(step),
      })
      const expected: object[] = []
      for (const [n, to] of wishes.entries()) {
        const from = machine.state()
        const allowed: readonly Door[] = door[from]
        expect(machine.allowed()).toEqual(allowed)
        if (allowed.includes(to)) {
          machine.go(to, { n })
          expected.push({ from, to, facts: { n } })
          expect(machine.state()).toBe(to)
        } else {
          expect(() => machine.go(to)).toThrow(
            expect.objectContaining({
              code: 'ILLEGAL_TRANSITION',
              details: { name: 'door', from, to, allowed },
            }),
          )
          expect(machine.state()).toBe(from)
        }
      }
      expect(told).toEqual(expected)
    }),
  )
})

test('a guard takes steps away, also from the list that a refusal shows', () => {
  const machine = createMachine<Door>(door, { name: 'door', initial: 'closed', guard: (_, to) => to !== 'locked' })
  expect(machine.allowed()).toEqual(['open'])
  expect(() => machine.go('locked')).toThrow(
    expect.objectContaining({
      message: 'door cannot go from closed to locked.',
      hint: 'From closed it can go to: open.',
    }),
  )
})

test('a state without a way out says so', () => {
  const machine = createMachine<Door>(door, { name: 'door', initial: 'broken' })
  expect(() => machine.go('open')).toThrow(expect.objectContaining({ hint: 'broken is an end.' }))
})
