import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createCounters, createHistograms } from '../../src/metrics/_families.ts'

const naming = { name: 'otto_it', help: 'It.' }

test('law: a bucket holds every value up to its bound, the last one all of them', async () => {
  const bounds = [1, 2.5, 10]
  await fc.assert(
    fc.asyncProperty(fc.array(fc.double({ min: 0, max: 20, noNaN: true })), async (values) => {
      const { family, child } = createHistograms({ ...naming, labels: ['kind'], bounds })
      const observe = child('a')
      for (const value of values) observe(value)
      const samples = await family.samples()
      const upTo = (bound: number) => values.filter((value) => value <= bound).length
      expect(samples.slice(0, 4)).toEqual([
        ...bounds.map((le) => ({ suffix: '_bucket', labels: { kind: 'a', le }, value: upTo(le) })),
        { suffix: '_bucket', labels: { kind: 'a', le: '+Inf' }, value: values.length },
      ])
      const sum = values.reduce((total, value) => total + value, 0)
      expect(samples.slice(4)).toEqual([
        { suffix: '_sum', labels: { kind: 'a' }, value: sum },
        { suffix: '_count', labels: { kind: 'a' }, value: values.length },
      ])
    }),
  )
})

test('children of one family count apart', async () => {
  const { family, child } = createCounters({ ...naming, labels: ['tool', 'code'] })
  const [first, second] = [child('a', 'OK'), child('b', 'OK')]
  for (const count of [first, second, second]) count()
  expect(await family.samples()).toEqual([
    { labels: { tool: 'a', code: 'OK' }, value: 1 },
    { labels: { tool: 'b', code: 'OK' }, value: 2 },
  ])
})
