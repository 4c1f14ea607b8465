import { expect, test } from 'vitest'
import { bridgeInputs } from '../http/bad-input.ts'
import file from '../vectors/bad-input.json' with { type: 'json' }

/** The doors that take the file's entries, by the member that says where an entry goes; each has a suite of its own. */
const exercised = new Set(['bridge', 'devnet-l1'])

test('no hostile input of the file is left out', () => {
  expect(file.vectors).toHaveLength(file.count)
  expect(new Set(file.vectors.map(({ id }) => id)).size).toBe(file.count)
  expect(file.vectors.filter(({ target }) => !exercised.has(target))).toEqual([])
  // What the suite of the bridge runs, and what is left for that of the devnet: test/devnet/bad-input.test.ts counts it.
  expect(file.vectors.filter(({ target }) => target === 'devnet-l1')).toHaveLength(file.count - bridgeInputs.length)
})
