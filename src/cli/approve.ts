import { parseArgs } from 'node:util'
import { parseConfig } from '../config.ts'
import type { Approval } from '../tools/approvals.ts'
import { printable } from './_printable.ts'
import type { Service } from './_service.ts'
import { createService, localUrl } from './_service.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto approve [--url http://127.0.0.1:8080]
otto approve <id> [--decline] [--url http://127.0.0.1:8080]

Without an id: the writes that wait for a person (OTTO_SIGNING=confirm), newest first, with their arguments.
With one: agrees to it, so that the same call, sent again, runs once; or says no with --decline.
An id that is unknown, expired or used ends with 1.
The service's token is OTTO_API_TOKEN, or in the file that OTTO_API_TOKEN_FILE names.`

/** `otto approve`: a person's yes or no to what is about to be signed. */
export const approveCommand: Command = {
  name: 'approve',
  summary: 'list the writes that wait for a person, or agree to one',
  usage,
  async run(args, context) {
    const options = { url: { type: 'string' }, decline: { type: 'boolean' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [id, ...more] = positionals
    if (more.length > 0) return wrongUsage(context, 'one id at a time')
    if (id === undefined && values.decline) return wrongUsage(context, '--decline needs an id')
    const service = await createService(values.url ?? localUrl(parseConfig(context.env).http), context)
    try {
      const lines = id === undefined ? await list(service) : await decide(service, id, values.decline !== true)
      for (const line of lines) context.out(line)
      return 0
    } finally {
      await service.close()
    }
  },
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto approve: ${problem}\n\n${usage}`)
  return 2
}

async function list(service: Service): Promise<readonly string[]> {
  const approvals = await service.listApprovals()
  if (approvals.length === 0) return ['Nothing waits for approval.']
  return approvals.flatMap((approval) => [
    approval.id,
    `  ${callOf(approval)}`,
    `  asked by ${printable(approval.principal)} at ${approval.askedAt}, waits until ${approval.expiresAt}`,
  ])
}

async function decide(service: Service, id: string, approve: boolean): Promise<readonly string[]> {
  const approval = await service.decide(id, approve)
  const next = approve
    ? `approved until ${approval.expiresAt}: the same call, sent again, runs once`
    : 'declined: the same call is refused'
  return [callOf(approval), next]
}

const callOf = ({ tool, args }: Approval): string => `${printable(tool)} ${printable(JSON.stringify(args))}`
