import { spawnSync } from 'node:child_process'
import { test } from 'vitest'

/**
 * A test that needs a program of the machine. Where there is none it is named as not run; `.ci/run` brings every one.
 * @param probe arguments with which the program ends at once
 */
export function testWith(
  { program, probe, timeoutMs = 30_000 }: { program: string; probe: string; timeoutMs?: number },
  title: string,
  run: () => Promise<void>,
): void {
  const isHere = spawnSync(program, [probe]).error === undefined
  test(isHere ? title : `NOT RUN, there is no ${program} here: ${title}`, { timeout: timeoutMs }, async () => {
    if (isHere) await run()
  })
}
