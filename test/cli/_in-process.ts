import { runCli } from '../../src/cli/cli.ts'

/** Runs a command in this process; gives the exit code and what was printed. For what ends before anything is opened. */
export async function runHere(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const [out, err]: [string[], string[]] = [[], []]
  const code = await runCli(args, {
    env,
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    signal: new AbortController().signal,
  })
  return { code, out: out.join('\n'), err: err.join('\n') }
}
