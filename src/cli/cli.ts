import { takeEnvironment } from '../config.ts'
import { BaseError } from '../core/errors.ts'
import type { Command, CommandContext } from './command.ts'
import { playCommand } from './play.ts'
import { serveCommand } from './serve.ts'
import { walletCommand } from './wallet.ts'

const commands: readonly Command[] = [serveCommand, playCommand, walletCommand]

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
    if (!(error instanceof BaseError)) throw error
    context.err(`otto: ${error.message}${error.hint ? ` ${error.hint}` : ''}`)
    return error.kind === 'invalid' ? 78 : 1 // 78: EX_CONFIG of sysexits.h
  }
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
  process.stdout.on('error', (error) => {
    if ('code' in error && error.code === 'EPIPE') process.exit(0) // whoever read our lines has seen enough
    throw error
  })
  process.exitCode = await runCli(process.argv.slice(2), {
    env: takeEnvironment(),
    out: (line) => process.stdout.write(`${line}\n`),
    err: (line) => process.stderr.write(`${line}\n`),
    signal: stopSignal(),
  })
}
