import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Command, CommandContext } from './command.ts'

const usage = `otto agent ls [--why] [--json]
otto agent validate [file…] [--why]
otto agent run <name> <task…> [--budget-usd n] [--budget-tokens n] [--time seconds] [--session id] [--estimate] [--json] [--url http://127.0.0.1:8080]

Agents are files: agents/*.yml in OTTO_PROJECT_DIR, over those in OTTO_USER_DIR, over those that Otto brings.
ls prints them; --why adds the files that another one stands over. It needs no service, and neither does validate, which
prints file:line:column, path and fact of each fault and ends with 1 where there is one.
run gives a task to an agent of the service that runs here, or starts one for it; budgets only lower those of its file.
It prints what the agent said, what it used and what it stored, and ends with 1 unless the task was completed.
--estimate only says what the first question to the model costs at most. Where Otto starts the service itself and finds no
Ollama for an agent that wants one, a scripted model answers and it says so.`

/** `otto agent`: who there is, are their files right, and a task for one of them. */
export const agentCommand: Command = {
  name: 'agent',
  summary: 'list the agents, check their files, or give one a task',
  usage,
  async run([action, ...args], context) {
    if (action === 'ls') return list(args, context)
    if (action === 'validate') return validate(args, context)
    if (action === 'run') return run(args, context)
    return wrongUsage(context, 'name one of ls, validate and run')
  },
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto agent: ${problem}\n\n${usage}`)
  return 2
}

/** Loaded here: what reads the files of agents is of no use to `serve` where none run. */
const files = () => import('./_agent-files.ts')

async function list(args: readonly string[], context: CommandContext): Promise<number> {
  const options = { why: { type: 'boolean' }, json: { type: 'boolean' } } as const
  const { values } = parseArgs({ args: [...args], options })
  const { listAgents } = await files()
  return listAgents({ isWhy: values.why === true, isJson: values.json === true }, context)
}

async function validate(args: readonly string[], context: CommandContext): Promise<number> {
  const options = { why: { type: 'boolean' } } as const
  const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
  const { validateAgents } = await files()
  return validateAgents(positionals, { isWhy: values.why === true }, context)
}

const amount = (what: string) => z.coerce.number(`must be ${what}`)

const Asked = z.object({
  'budget-usd': amount('dollars').min(0).optional(),
  'budget-tokens': amount('a count').int().min(1).optional(),
  time: amount('seconds').positive().max(86_400).optional(),
  session: z.string().min(1).optional(),
  estimate: z.boolean().default(false),
  json: z.boolean().default(false),
  url: z.url({ protocol: /^https?$/, error: 'must be an http address' }).optional(),
})

const text = { type: 'string' } as const
const flag = { type: 'boolean' } as const

async function run(args: readonly string[], context: CommandContext): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      ...{ 'budget-usd': text, 'budget-tokens': text, time: text, session: text, url: text },
      ...{ estimate: flag, json: flag },
    },
    allowPositionals: true,
  })
  const [agent, ...words] = positionals
  if (agent === undefined || words.length === 0) return wrongUsage(context, 'run takes a name and a task')
  const asked = Asked.safeParse(values)
  if (!asked.success)
    return wrongUsage(
      context,
      asked.error.issues.map(({ path, message }) => `--${path.join('.')} ${message}`).join('; '),
    )
  const { 'budget-usd': usd, 'budget-tokens': tokens, time, session, estimate, json, url } = asked.data
  const budgets = {
    ...(time === undefined ? {} : { time }),
    ...(tokens === undefined ? {} : { tokens }),
    ...(usd === undefined ? {} : { cost_usd: usd }),
  }
  const input = words.join(' ')
  const { runAgent } = await import('./_agent-run.ts')
  return runAgent({ agent, input, sessionId: session, budgets, isEstimate: estimate, isJson: json, url }, context)
}
