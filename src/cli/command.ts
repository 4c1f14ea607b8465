/** What a command may touch: passed in, so that a test can run it whole. */
export type CommandContext = {
  readonly env: Readonly<Record<string, string | undefined>>
  /** One line each, without the line break. */
  readonly out: (line: string) => void
  readonly err: (line: string) => void
  /** Fires on SIGINT and SIGTERM. */
  readonly signal: AbortSignal
}

/** One subcommand of `otto`. */
export type Command = {
  readonly name: string
  readonly summary: string
  /** The help text, printed for `--help` and after a usage error. */
  readonly usage: string
  /**
   * Exit code: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration.
   * @throws BaseError, which prints as one line; anything else is a bug (70)
   */
  run(args: readonly string[], context: CommandContext): Promise<number>
}
