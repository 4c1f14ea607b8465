import { spawnSync } from 'node:child_process'
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os'

/** What the figures were measured on. */
export const machine = () => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown',
  cores: availableParallelism(),
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${release()}`,
  node: process.version,
})

const canPin = spawnSync('taskset', ['-c', '0', 'true']).status === 0

/** The command line that runs Node on these cores alone; on all where nothing can pin, or none is named. */
export function pinned(cores: readonly number[], args: readonly string[]): readonly [string, ...string[]] {
  if (!canPin || cores.length === 0) return [process.execPath, ...args]
  return ['taskset', '-c', cores.join(','), process.execPath, ...args]
}

/** Whether one core can be meant. */
export const pinning = canPin ? 'pinned by taskset' : 'not pinned: no taskset here'
