import { parseArgs } from 'node:util'
import { parseConfig } from '../config.ts'
import { startOtto } from '../main.ts'
import { openLog } from './_log.ts'
import { assertNoDebugger } from './_no-debugger.ts'
import { surviveStrayRejections } from './_stray-rejections.ts'
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
    const log = openLog(config.log.level)
    using _ = surviveStrayRejections(log)
    const start = async () => {
      const otto = await startOtto(config, log)
      log.info({ url: otto.url, ...otto.facts }, 'ready')
      return otto
    }
    return await runUntilStopped(start, { err, signal })
  },
}
