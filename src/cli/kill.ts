import { mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { parseConfig } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import type { KillSource, KillState } from '../policy/kill-switch.ts'
import { readState } from './_kill-offline.ts'
import type { Service } from './_service.ts'
import { createService, localUrl } from './_service.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto kill on [--reason text] [--url http://127.0.0.1:8080]
otto kill off [--url http://127.0.0.1:8080]
otto kill status [--url http://127.0.0.1:8080]

on stops everything that spends or signs: no task begins, no move is signed. Reads go on, and what was sent is followed to its
end. off lets it go on, unless the environment (OTTO_KILL_SWITCH) or the file KILL in OTTO_DATA_DIR keeps it on.
Where no service runs here, on and off make and remove that file, which counts when one starts.
Exit codes: 0 done, 1 refused, unknown, or still on after off.
The service's token is OTTO_API_TOKEN, or in the file that OTTO_API_TOKEN_FILE names.`

/** `otto kill`: the switch for everything that spends or signs. */
export const killCommand: Command = {
  name: 'kill',
  summary: 'stop everything that spends or signs, or let it go on',
  usage,
  async run(args, context) {
    const options = { url: { type: 'string' }, reason: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const action = actions.find((name) => name === positionals[0])
    if (action === undefined || positionals.length > 1) return wrongUsage(context, 'name one of on, off and status')
    if (action !== 'on' && values.reason !== undefined) return wrongUsage(context, 'only on takes --reason')
    const config = parseConfig(context.env)
    const service = await createService(values.url ?? localUrl(config.http), context)
    try {
      const order = { action, reason: values.reason, config, context }
      // Somewhere else, a file of this machine would stop nothing.
      if (values.url !== undefined || (await service.isThere())) return await askService(service, order)
      return await switchFile(order)
    } finally {
      await service.close()
    }
  },
}

const actions = ['on', 'off', 'status'] as const

type Order = {
  readonly action: (typeof actions)[number]
  readonly reason: string | undefined
  readonly config: Config
  readonly context: CommandContext
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto kill: ${problem}\n\n${usage}`)
  return 2
}

/** @throws CallFailedError */
async function askService(service: Service, { action, reason, config, context: { out } }: Order): Promise<number> {
  const why = reason === undefined ? {} : { reason }
  const question = action === 'status' ? {} : { body: { on: action === 'on', ...why } }
  return tellState(await service.read('/api/v1/kill', State, question), action, config, out)
}

const State: z.ZodType<KillState> = z.object({
  isOn: z.boolean(),
  sources: z.array(z.enum(['environment', 'file', 'route'])),
  reason: z.string().nullable(),
  since: z.string().nullable(),
})

/** @returns the exit code: 1 for what is still on after off */
function tellState(state: KillState, action: Order['action'], config: Config, out: CommandContext['out']): number {
  out(lineOf(state))
  if (action === 'on' || !state.isOn) return 0
  for (const source of state.sources) out(`  by ${waysOff(config)[source]}`)
  return action === 'off' ? 1 : 0
}

function lineOf({ isOn, sources, reason, since }: KillState): string {
  if (!isOn) return 'The kill switch is off.'
  const why = reason === null ? '' : `: ${reason}`
  return `The kill switch is on (${sources.join(', ')}) since ${since}${why}`
}

const waysOff = ({ kill }: Pick<Config, 'kill'>): Readonly<Record<KillSource, string>> => ({
  environment: 'the environment: start the service without OTTO_KILL_SWITCH',
  file: `the file ${kill.file}: remove it`,
  route: 'an administrator, which lasts: otto kill off, while the service runs',
})

/** What counts for a service that starts, or that runs here and is too busy to answer. */
async function switchFile({ action, reason, config, context: { out } }: Order): Promise<number> {
  const { file } = config.kill
  out(`No service answers at ${localUrl(config.http)}.`)
  if (action === 'on') {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    await writeFile(file, `${reason ?? ''}\n`, { mode: 0o600 })
    out(`Made ${file}: the kill switch is on while it is there.`)
    return 0
  }
  if (action === 'off') {
    await rm(file, { force: true })
    out(`Removed ${file}.`)
  }
  try {
    return tellState(await readState(config), action, config, out)
  } catch (error) {
    if (!(error instanceof BaseError)) throw error
    out(`Whether an administrator keeps it on cannot be asked: ${error.message}`)
    return 1
  }
}
