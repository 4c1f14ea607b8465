import { expect, test } from 'vitest'
import { runSeed } from './run-seed.ts'
import { saboteurs } from './sabotage.ts'

const maxSeeds = 60

test.each(Object.entries(saboteurs))(
  'a bridge that %s is found out',
  { timeout: 60_000 },
  async (_, { found, sabotage }) => {
    const seen: string[] = []
    for (let seed = 1; seed <= maxSeeds && !seen.some((line) => found.test(line)); seed++)
      seen.push(...(await runSeed(seed, { sabotage: sabotage() })).violations)
    expect(seen.find((line) => found.test(line))).toMatch(found)
  },
)
