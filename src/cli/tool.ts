import { parseArgs } from 'node:util'
import { parseConfig } from '../config.ts'
import { decodeJson, InvalidJsonError } from '../core/decode-json.ts'
import type { JsonObject } from '../core/json.ts'
import { isJsonObject } from '../core/json.ts'
import { gameTools } from '../open-games.ts'
import type { Games } from '../tictactoe/tictactoe.ts'
import { argumentsOf, toArguments } from './_arguments.ts'
import type { ListedTool, Service } from './_service.ts'
import { createService, localUrl } from './_service.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto tool ls [--md] [--url http://127.0.0.1:8080]
otto tool call <name> [json] [--key value …] [--url http://127.0.0.1:8080]

ls prints the tools of the service that runs here, with their arguments, or without one those of this version.
call prints the result as JSON: otto tool call ttt_make_move --gameId … --player X --cell 4
A refusal goes to the other channel with its code and the next step, and ends with 1.
The service's token is OTTO_API_TOKEN, or in the file that OTTO_API_TOKEN_FILE names.`

/** `otto tool`: the tools by hand. */
export const toolCommand: Command = {
  name: 'tool',
  summary: 'list the tools of the service, or call one',
  usage,
  async run(args, context) {
    const [action, ...rest] = args
    if (action === 'ls') return listTools(rest, context)
    if (action === 'call') return callTool(rest, context)
    return wrongUsage(context, 'name one of ls and call')
  },
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto tool: ${problem}\n\n${usage}`)
  return 2
}

async function listTools(args: readonly string[], context: CommandContext): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { md: { type: 'boolean' }, url: { type: 'string' } } })
  const service = await openService(values.url, context)
  try {
    // A service that was named must answer; the one that may run here need not.
    const isAsked = values.url !== undefined || (await service.isThere())
    const tools = isAsked ? await service.listTools() : ownTools()
    for (const line of values.md ? toMarkdown(tools) : [...toLines(tools), ...(await agentLines())]) context.out(line)
    return 0
  } finally {
    await service.close()
  }
}

/** Tools that agents alone call, each in a folder of its own: they are asked for by no door. */
async function agentLines(): Promise<readonly string[]> {
  const { baseTools } = await import('../tools/base-tools.ts') // more code than all other commands need
  const descriptions = baseTools.map(({ description }) => description)
  return ['', 'for agents that are granted them, inside their own folder:', '', ...toLines(descriptions)]
}

/** The tools as this version of the program has them: their descriptions need no game and no ledger. */
const ownTools = (): readonly ListedTool[] => gameTools.map((tool) => tool(noGames).description)

/** For who asks what a tool is, and calls none. */
export const noGames = new Proxy(
  {},
  {
    get: () => () => Promise.reject(new TypeError('A listed tool was called.')),
  },
) as Games // every member of Games is a function

function toLines(tools: readonly ListedTool[]): readonly string[] {
  return tools.flatMap(({ name, summary, inputSchema }) => [
    name,
    `  ${summary}`,
    ...argumentsOf(inputSchema).map((one) => `  --${one.name} <${one.type}>${one.isRequired ? '' : '  optional'}`),
  ])
}

function toMarkdown(tools: readonly ListedTool[]): readonly string[] {
  const words = (schema: JsonObject) =>
    argumentsOf(schema)
      .map(({ name, type, isRequired }) => `\`${name}${isRequired ? '' : '?'}\` ${type}`)
      .join(', ')
  return [
    '| tool | arguments | what it does |',
    '| --- | --- | --- |',
    ...tools.map(({ name, summary, inputSchema }) => `| \`${name}\` | ${words(inputSchema)} | ${summary} |`),
  ]
}

async function callTool(args: readonly string[], context: CommandContext): Promise<number> {
  const asked = readCall(args)
  if (typeof asked === 'string') return wrongUsage(context, asked)
  const service = await openService(asked.url, context)
  try {
    const result = await service.call(asked.name, asked.json ?? (await spelledOut(asked, service)))
    context.out(JSON.stringify(result, null, 2))
    return 0
  } finally {
    await service.close()
  }
}

type Call = {
  readonly name: string
  /** The arguments, where they were given as one JSON object. */
  readonly json: JsonObject | undefined
  /** `--key value` pairs, where they were not. */
  readonly words: readonly (readonly [string, string])[]
  readonly url: string | undefined
}

/** What is wrong, where it is no call. */
function readCall(args: readonly string[]): Call | string {
  const positionals: string[] = []
  const words: [string, string][] = []
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? ''
    if (!word.startsWith('--')) positionals.push(word)
    else {
      const [key = '', ...joined] = word.slice(2).split('=')
      const value = joined.length > 0 ? joined.join('=') : args[++at]
      if (key === '' || value === undefined) return `${word} has no value`
      if (words.some(([known]) => known === key)) return `--${key} is given twice`
      words.push([key, value])
    }
  }
  const [name, text, ...more] = positionals
  if (name === undefined || more.length > 0)
    return 'call takes a name, and the arguments as one JSON object or as options'
  const url = words.find(([key]) => key === 'url')?.[1]
  const options = words.filter(([key]) => key !== 'url')
  if (text === undefined) return { name, json: undefined, words: options, url }
  const json = strictJson(text)
  if (json === undefined || options.length > 0) return 'the arguments are one JSON object, or options; not both'
  return { name, json, words: [], url }
}

function strictJson(text: string): JsonObject | undefined {
  try {
    const json = decodeJson(text)
    return isJsonObject(json) ? json : undefined
  } catch (error) {
    if (error instanceof InvalidJsonError) return undefined
    throw error
  }
}

/** An unlisted tool has no schema here: then a word that is JSON is read as JSON. */
async function spelledOut({ name, words }: Call, service: Service): Promise<JsonObject> {
  if (words.length === 0) return {}
  const tools = await service.listTools()
  return toArguments(words, tools.find((tool) => tool.name === name)?.inputSchema ?? {})
}

/** The service named, else the one that may run here. */
async function openService(url: string | undefined, context: CommandContext): Promise<Service> {
  return createService(url ?? localUrl(parseConfig(context.env).http), context)
}
