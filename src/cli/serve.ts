import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { parseConfig } from '../config.ts'
import { startOtto } from '../main.ts'
import { assertNoDebugger } from './_no-debugger.ts'
import { runUntilStopped } from './_until-stopped.ts'
import type { Command } from './command.ts'

/** `otto serve`: the service, until it is told to stop. */
export const serveCommand: Command = {
  name: 'serve',
  summary: 'run the service: tools over HTTP, wallets, and the embedded metagraph',
  usage: `otto serve

Runs until SIGINT or SIGTERM. Settings come from the environment: see .env.example.
Exit codes: 0 stopped, 78 a setting, a wallet, the ledger or a port is not as it must be.`,
  async run(args, { env, err, signal }) {
    parseArgs({ args: [...args], options: {} })
    const config = parseConfig(env)
    assertNoDebugger(env)
    const log = pino({ level: config.log.level })
    const start = async () => {
      const otto = await startOtto(config, log)
      log.info({ url: otto.url, ...otto.facts }, 'ready')
      return otto
    }
    return runUntilStopped(start, { err, signal })
  },
}
