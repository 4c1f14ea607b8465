import { isAbsolute, resolve } from 'node:path'
import type { Buckets, Rate } from '../core/buckets.ts'
import { createMemoryBuckets } from '../core/buckets.ts'
import type { Clock, NewId } from '../core/clock.ts'
import type { Lookup } from './_checked-lookup.ts'
import { createFiles } from './files.ts'
import { createNetwork } from './network.ts'
import { createProcesses } from './processes.ts'
import type { Sandbox, SandboxRules } from './sandbox.ts'

export type SandboxOptions = {
  /** Absolute; made with mode 0700 when it is first used. */
  readonly root: string
  readonly rules: SandboxRules
  readonly clock: Clock
  readonly newId: NewId
  /** Where programs are found: the PATH of this service. */
  readonly searchPath: string
  /** Of one file that is written; 10 MiB unless told. */
  readonly maxFileBytes?: number
  /** How often each host may be asked; by the rules, within this process, unless told. */
  readonly buckets?: Buckets
  /** Lets hosts on this machine through, where the rules name them; for tests and embedding. */
  readonly allowPrivate?: boolean
  /** The addresses of a host name; the system's unless told. */
  readonly lookup?: Lookup
}

/** What one agent may touch. One for each agent: its rate of requests is counted here. */
export function createSandbox(options: SandboxOptions): Sandbox {
  const { rules, clock, buckets = bucketsOf(rules, clock) } = options
  if (!isAbsolute(options.root)) throw new TypeError('The root of a sandbox is an absolute path.')
  const root = resolve(options.root)
  const files = createFiles({ ...options, root })
  return {
    root,
    files,
    network: createNetwork({ ...options, allowHosts: rules.allowHosts, buckets }),
    processes: createProcesses({ ...options, root, files }),
  }
}

function bucketsOf({ requestsPerMinute }: SandboxRules, clock: Clock): Buckets {
  const rate: Rate = { perSecond: requestsPerMinute / 60, burst: requestsPerMinute }
  return createMemoryBuckets({ rates: { write: rate, read: rate, chat: rate }, clock })
}
