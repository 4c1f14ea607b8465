import { z } from 'zod'
import type { Clock } from '../core/clock.ts'
import { decodeJson } from '../core/decode-json.ts'
import type { JsonObject } from '../core/json.ts'
import type { Log } from '../core/log.ts'
import { ProcessError } from '../sandbox/errors.ts'
import { compileArguments } from './_argument-check.ts'
import type { ThreadCall, ToolThread } from './_tool-thread.ts'
import { openToolThread, ToolFileFault } from './_tool-thread.ts'
import { InvalidArgumentsError, ToolBusyError } from './errors.ts'
import type { SandboxConfig, Tool } from './tool.ts'
import { noSandbox } from './tool.ts'

/** What a file says of its tool, beside `run`. */
const Definition = z.strictObject({
  name: z.string().regex(/^[A-Za-z][\w.-]{0,63}$/, 'must be 1 to 64 letters, digits, _, . and -, a letter first'),
  summary: z.string().min(1).max(1_024),
  effect: z.enum(['read', 'write']),
  input: z.looseObject({ type: z.literal('object') }),
})

/** Of the JSON text of a definition. */
const maxDefinition = 64 * 1024
const sandbox: SandboxConfig = { ...noSandbox, maxBytes: 64 * 1024 }
/** Of one tool at once. */
const maxCalls = 64

/** A tool of the project, and its threads: one that ends is opened anew by the next call. */
export type ProjectTool = {
  readonly tool: Tool
  /** Takes no further call and ends with the last that runs; resolves then. */
  retire(): Promise<void>
  close(): Promise<void>
}

export type ProjectToolDeps = { readonly url: URL; readonly clock: Clock; readonly log: Log }

/** @throws ToolFileFault, for everything that the file has wrong */
export async function openProjectTool({ url, clock, log }: ProjectToolDeps): Promise<ProjectTool> {
  const first = await openToolThread(url, clock)
  try {
    const { input, ...said } = readDefinition(first.definition)
    const inputSchema = input as JsonObject // it came as JSON
    const check = compileArguments(inputSchema)
    const threads = createThreads(first, () => openToolThread(url, clock), said.name)
    const onLog = (text: string) => log.info({ tool: said.name, text }, 'a tool says')
    return {
      ...threads,
      tool: {
        description: { ...said, inputSchema, outputSchema: { type: 'object' } },
        permission: said.effect,
        sandbox,
        origin: 'project',
        aliases: [],
        parse(given) {
          const problems = check(given)
          if (problems.length > 0) throw new InvalidArgumentsError(problems, inputSchema)
          const args = given as JsonObject // the schema is one of an object
          const { maxBytes } = sandbox
          return {
            args,
            scopes: [],
            run: async ({ signal }) => ({ result: await threads.call({ args, maxBytes, signal, onLog }) }),
          }
        },
      },
    }
  } catch (error) {
    await first.close()
    throw error instanceof ToolFileFault ? error : new ToolFileFault(`tool.input: ${textOf(error)}`)
  }
}

function readDefinition(text: string): z.output<typeof Definition> {
  if (text.length > maxDefinition) throw new ToolFileFault(`tool: is larger than ${maxDefinition} characters.`)
  const parsed = Definition.safeParse(decodeJson(text, { maxDepth: 64 }))
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ToolFileFault(`${['tool', ...(issue?.path ?? [])].join('.')}: ${issue?.message}`)
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message.slice(0, 300) : 'is no schema')

/** The thread that stands, or one in its place. */
function createThreads(first: ToolThread, open: () => Promise<ToolThread>, name: string) {
  const state = { current: Promise.resolve(first), calls: 0, isRetired: false }

  const alive = async (): Promise<ToolThread> => {
    const seen = state.current
    const thread = await seen.catch(() => undefined)
    if (thread?.isAlive() || state.isRetired) return seen
    if (seen === state.current) state.current = open()
    return state.current
  }
  const standing = () => state.current.catch(() => undefined)

  return {
    async call(call: ThreadCall): Promise<JsonObject> {
      if (state.calls >= maxCalls) throw new ToolBusyError(name, maxCalls)
      state.calls += 1
      try {
        const thread = await alive().catch((cause: unknown) => {
          throw new ProcessError('The tool cannot be started again.', { cause })
        })
        return await thread.call(call)
      } finally {
        state.calls -= 1
      }
    },
    async retire(): Promise<void> {
      state.isRetired = true
      await (await standing())?.retire()
    },
    async close(): Promise<void> {
      state.isRetired = true
      await (await standing())?.close()
    },
  }
}
