import { takeEnvironment } from '../config.ts'
import { BaseError, findCause } from '../core/errors.ts'
import { agentCommand } from './agent.ts'
import { approveCommand } from './approve.ts'
import { artifactCommand } from './artifact.ts'
import { auditCommand } from './audit.ts'
import type { Command, CommandContext } from './command.ts'
import { doctorCommand } from './doctor.ts'
import { killCommand } from './kill.ts'
import { ledgerCommand } from './ledger.ts'
import { migrateCommand } from './migrate.ts'
import { modelCommand } from './model.ts'
import { playCommand } from './play.ts'
import { serveCommand } from './serve.ts'
import { signerCommand } from './signer.ts'
import { toolCommand } from './tool.ts'
import { usageCommand } from './usage.ts'
import { verifyCommand } from './verify.ts'
import { walletCommand } from './wallet.ts'

/** Every command, in the order of the help. */
export const commands: readonly Command[] = [
  serveCommand,
  playCommand,
  toolCommand,
  agentCommand,
  usageCommand,
  artifactCommand,
  approveCommand,
  killCommand,
  walletCommand,
  signerCommand,
  ledgerCommand,
  migrateCommand,
  auditCommand,
  verifyCommand,
  modelCommand,
  doctorCommand,
]

const help = `otto: language-model agents act on a signed ledger

${commands.map(({ name, summary }) => `  otto ${name.padEnd(8)} ${summary}`).join('\n')}

otto <command> --help says more.`

/** Runs one command. @returns the exit code */
export async function runCli([name, ...args]: readonly string[], context: CommandContext): Promise<number> {
  const command = commands.find((candidate) => candidate.name === name)
  if (command === undefined) {
    const asked = name === undefined || name === '--help' || name === 'help'
    const print = asked ? context.out : context.err
    print(asked ? help : `otto: there is no command "${name.slice(0, 40)}"\n\n${help}`)
    return asked ? 0 : 2
  }
  if (args.includes('--help')) {
    context.out(command.usage)
    return 0
  }
  try {
    return await command.run(args, context)
  } catch (error) {
    if (isUsageError(error)) {
      context.err(`otto ${command.name}: ${error.message}\n\n${command.usage}`)
      return 2
    }
    return codeOf(error, context)
  }
}

/** Says in one line what ended a command. @returns the exit code; the numbers are those of sysexits.h */
function codeOf(error: unknown, { env, err, signal }: CommandContext): number {
  if (signal.aborted && findCause(error, DOMException)?.name === 'AbortError') return 130
  if (error instanceof BaseError) {
    err(`otto: ${error.message}${error.hint ? ` ${error.hint}` : ''}`)
    return error.kind === 'invalid' ? 78 : 1
  }
  err(bugText(error, env['OTTO_LOG_LEVEL'] === 'debug'))
  return 70
}

/** One line; a stack only for who asked for it. */
function bugText(error: unknown, whole: boolean): string {
  const { name, message, stack } = error instanceof Error ? error : new TypeError(String(error))
  const said = `otto: This is a fault of Otto itself: ${name}: ${message.split('\n')[0]}`
  return whole ? `${said}\n${stack}` : `${said} (OTTO_LOG_LEVEL=debug shows where.)`
}

/** What `parseArgs` of node:util throws for an option that is not there, or a value that is missing. */
const isUsageError = (error: unknown): error is Error =>
  error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS')

/** Fires at the first SIGINT or SIGTERM; a second one ends the process at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController()
  const onSignal = () => (stop.signal.aborted ? process.exit(130) : stop.abort())
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, onSignal)
  return stop.signal
}

/** The process as a whole: its arguments, its environment, its exit code. */
export async function main(): Promise<void> {
  const env = takeEnvironment()
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${bugText(error, env['OTTO_LOG_LEVEL'] === 'debug')}\n`)
    process.exit(70)
  })
  process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0) // whoever read our lines has seen enough
    throw error
  })
  process.exitCode = await runCli(process.argv.slice(2), {
    env,
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    signal: stopSignal(),
  })
  // Whatever still waits was given its time: what is owed by then is owed after the next start.
  setTimeout(() => process.exit(), lingerMs).unref()
}

/** How long a process may outlive its command. */
const lingerMs = 2_000
