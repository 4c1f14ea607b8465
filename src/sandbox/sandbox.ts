/** What a file in an agent's folder is. */
export type FileFacts = { readonly path: string; readonly bytes: number; readonly mtimeMs: number }

/**
 * The files of one agent. Paths are relative to its folder, with `/`; what leads out of it, by `..`, an absolute path, a
 * link or a race, is refused, and so are devices, sockets and pipes.
 * @throws PermissionDeniedError with rule `sandbox`, FileNotFoundError, ToolFailedError; from all of it
 */
export type Files = {
  /** At most `maxBytes` from `offset`; `isCut`: there is more. */
  read(
    path: string,
    options: { readonly offset?: number; readonly maxBytes: number },
  ): Promise<{
    readonly bytes: Uint8Array
    readonly totalBytes: number
    readonly isCut: boolean
  }>
  /** Whole or not at all, synced to the disk; folders are made. What stood there is kept beside it: `backup` is its path. */
  write(path: string, bytes: Uint8Array): Promise<{ readonly bytes: number; readonly backup: string | null }>
  /** Regular files below a path, in the order of their names, at most `max`. Links are not followed. */
  list(path: string, options: { readonly max: number; readonly signal: AbortSignal }): AsyncIterable<FileFacts>
  /** The real path on this machine, for a program that runs there. */
  locate(path: string): Promise<string>
}

export type HttpAsk = {
  readonly method: 'GET' | 'POST'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | undefined
  /** For the whole exchange, redirects included. */
  readonly timeoutMs: number
  readonly maxBytes: number
  readonly signal: AbortSignal
}

export type HttpAnswer = {
  readonly status: number
  /** After redirects. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  readonly isCut: boolean
}

/**
 * HTTP to the hosts on one agent's list, and to no private address, whatever a name or a redirect says.
 * @throws PermissionDeniedError with rule `sandbox`, ToolRateLimitedError, ToolTimeoutError, ToolFailedError
 */
export type Network = { request(ask: HttpAsk): Promise<HttpAnswer> }

export type ProcessAsk = {
  /** Found on PATH; never a shell. */
  readonly command: string
  readonly args: readonly string[]
  /** Inside the agent's folder; the folder itself unless told. */
  readonly cwd?: string
  readonly timeoutMs: number
  /** Of each of the two outputs: what is beyond is dropped, and `isCut` says so. */
  readonly maxBytes: number
  readonly signal: AbortSignal
  readonly env?: Readonly<Record<string, string>>
}

export type ProcessEnd = {
  /** Null where it was killed. */
  readonly exitCode: number | null
  readonly stdout: string
  readonly stderr: string
  readonly isCut: boolean
  /** It was killed with all that it started, since its time was over. */
  readonly isTimeout: boolean
  readonly ms: number
}

/** Programs in an agent's folder, each with its whole process group, an environment of its own and no secret in it. */
export type Processes = {
  /** @throws ToolFailedError when it cannot be started; the signal's reason when that fires */
  run(ask: ProcessAsk): Promise<ProcessEnd>
}

/** What tools of one agent may touch. A tool is handed only what it declares. */
export type Sandbox = {
  readonly root: string
  readonly files: Files
  readonly network: Network
  readonly processes: Processes
}

/** What an agent's spec says about its sandbox. */
export type SandboxRules = {
  /** Host names, exact or `*.example.org`; with a port only that port. None: no network. */
  readonly allowHosts: readonly string[]
  /** Requests to one host in a minute. */
  readonly requestsPerMinute: number
}

/** A program that `test.run` may start, by its name. */
export type CommandProfile = {
  readonly command: string
  readonly args: readonly string[]
  /** How its output is read. */
  readonly format: 'vitest' | 'tap' | 'exunit'
}
