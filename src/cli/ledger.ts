import { parseArgs } from 'node:util'
import { pino } from 'pino'
import type { Config } from '../config.ts'
import { parseConfig } from '../config.ts'
import { createDialect } from '../dialect/dialects.ts'
import { openEmbedded } from '../open-devnet.ts'
import { describeLedger, readLedger } from './_ledger-state.ts'
import { runUntilStopped } from './_until-stopped.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto ledger dev
otto ledger state [--l0 http://127.0.0.1:9100]

dev runs the embedded metagraph as a process of its own: it takes messages on OTTO_DEVNET_L1_PORT, shows state on
OTTO_DEVNET_L0_PORT, keeps its ledger in OTTO_DATA_DIR/ledger, and needs no wallets. It ends with 78 when a port is taken.
state prints what a running metagraph L0 holds: its ordinal, how many fibers, and each game of tic-tac-toe. Without --l0
it asks OTTO_L0_URL, or the embedded metagraph that runs here.`

/** `otto ledger`: the metagraph without the service. */
export const ledgerCommand: Command = {
  name: 'ledger',
  summary: 'run the embedded metagraph alone, or print what a metagraph holds',
  usage,
  async run(args, context) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { l0: { type: 'string' } },
    })
    const [action, ...rest] = positionals
    const isKnown = action === 'state' || (action === 'dev' && values.l0 === undefined)
    if (!isKnown || rest.length > 0) {
      context.err(`otto ledger: name one of dev and state; only state takes --l0\n\n${usage}`)
      return 2
    }
    const config = parseConfig(context.env)
    return action === 'dev' ? runDev(config, context) : printState(config, values.l0, context)
  },
}

function runDev(config: Config, context: CommandContext): Promise<number> {
  const log = pino({ level: config.log.level })
  const dialect = createDialect(config.dialect.name, { ottochainNulls: config.dialect.ottochainNulls })
  const { host, l1Port, l0Port } = config.devnet
  return runUntilStopped(async () => {
    await using opened = new AsyncDisposableStack()
    const devnet = opened.adopt(await openEmbedded(config, dialect, log), (open) => open.close())
    const ports = await devnet.listen({ host, l1Port, l0Port })
    log.info({ host, ...ports, dialect: dialect.name }, 'ready')
    const running = opened.move()
    return { close: () => running.disposeAsync() }
  }, context)
}

async function printState(config: Config, l0: string | undefined, { out, signal }: CommandContext): Promise<number> {
  const addresses = l0?.split(',') ?? config.nodes?.l0 ?? [`http://127.0.0.1:${config.devnet.l0Port}`]
  const dialect = createDialect(config.dialect.name, { ottochainNulls: config.dialect.ottochainNulls })
  for (const line of describeLedger(await readLedger({ addresses, dialect, signal }))) out(line)
  return 0
}
