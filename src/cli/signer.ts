import { isIP } from 'node:net'
import { parseArgs } from 'node:util'
import { pino } from 'pino'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { ConfigInvalidError, parseConfig } from '../config.ts'
import { openKeystores, readSignerToken } from '../open-wallets.ts'
import { assertNoDebugger } from './_no-debugger.ts'
import { startSignerServer } from './_signer-server.ts'
import { runUntilStopped } from './_until-stopped.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto signer [--port 7070] [--host 127.0.0.1]

Holds the key stores of OTTO_WALLET_DIR in a process of its own, and signs for a service that runs with
OTTO_SIGNING=external and OTTO_SIGNER_URL=http://127.0.0.1:7070. Callers show OTTO_SIGNER_TOKEN (or what is in the file
OTTO_SIGNER_TOKEN_FILE) where one is set; beyond loopback it does not start without. It signs every digest that it is
asked to and logs each; what a digest stands for it cannot see. With NODE_ENV=production it wants
OTTO_ALLOW_AUTOSIGN=true. Exit codes: 0 stopped, 78 a setting, a wallet or the port is not as it must be.`

const Asked = z.object({
  port: z.coerce.number('must be a number').int().min(0).max(65_535).default(7_070),
  host: z.string().min(1).default('127.0.0.1'),
})

/** `otto signer`: the wallets as a process of their own, until it is stopped. */
export const signerCommand: Command = {
  name: 'signer',
  summary: 'hold the key stores in a process of its own and sign for the service',
  usage,
  async run(args, context) {
    const option = { type: 'string' } as const
    const { values } = parseArgs({ args: [...args], options: { port: option, host: option } })
    const asked = Asked.safeParse(values)
    if (!asked.success) {
      const wrong = asked.error.issues.map(({ path, message }) => `--${path.join('.')} ${message}`)
      context.err(`otto signer: ${wrong.join('; ')}\n\n${usage}`)
      return 2
    }
    assertNoDebugger(context.env)
    assertAllowed(context.env)
    return runUntilStopped(() => start(asked.data, signerConfig(context.env)), context)
  },
}

/** It is the process that signs unasked, so the word for that belongs here. @throws ConfigInvalidError */
function assertAllowed(env: CommandContext['env']): void {
  const isAllowed = ['true', 'on'].includes(env['OTTO_ALLOW_AUTOSIGN'] ?? '')
  if (env['NODE_ENV'] === 'production' && !isAllowed)
    throw new ConfigInvalidError([
      'OTTO_ALLOW_AUTOSIGN must be true to sign every digest unasked when NODE_ENV is production',
    ])
}

/** What it needs of the settings. The service's own may stand beside them in one environment. */
function signerConfig(env: CommandContext['env']): Pick<Config, 'wallet' | 'signer' | 'http' | 'log'> {
  const { OTTO_SIGNING: _, OTTO_SIGNER_URL: __, NODE_ENV: ___, ...rest } = env
  return parseConfig(rest)
}

async function start(
  { port, host }: z.output<typeof Asked>,
  config: Pick<Config, 'wallet' | 'signer' | 'http' | 'log'>,
): Promise<{ close(): Promise<void> }> {
  const token = await readSignerToken(config)
  if (token === undefined && !isLoopback(host))
    throw new ConfigInvalidError(['--host must be a loopback address unless OTTO_SIGNER_TOKEN is set'])
  const log = pino({ level: config.log.level })
  await using opened = new AsyncDisposableStack()
  const wallets = opened.adopt(await openKeystores(config), (open) => open.close())
  const { allowedHosts } = config.http
  const server = opened.adopt(await startSignerServer({ host, port, token, allowedHosts, wallets, log }), (open) =>
    open.close(),
  )
  log.info({ url: server.url, X: wallets.playerX.address, O: wallets.playerO.address }, 'ready')
  const running = opened.move()
  return { close: () => running.disposeAsync() }
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'))
