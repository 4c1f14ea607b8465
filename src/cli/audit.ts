import { parseArgs } from 'node:util'
import type { AuditVerdict } from '../audit/verify-file.ts'
import { verifyAudit } from '../audit/verify-file.ts'
import { parseConfig } from '../config.ts'
import { auditFileIn } from '../open-audit.ts'
import type { Command, CommandContext } from './command.ts'

const usage = `otto audit verify [--file audit.jsonl] [--head hash]

Reads the audit log record by record and says where it was changed: a record changed, removed, inserted or moved, or an
unfinished end. Without --file it is audit.jsonl in OTTO_DATA_DIR. What was cut off at the end of a line does not show in
the file: --head takes the hash of a line "audit head" in the normal log, and that record must be there.
Ends with 0 when all is as it was written, with 1 when not.`

/** `otto audit`: was the audit log touched? */
export const auditCommand: Command = {
  name: 'audit',
  summary: 'check that the audit log is as it was written',
  usage,
  async run(args, context) {
    const options = { file: { type: 'string' }, head: { type: 'string' } } as const
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true })
    const [action, ...more] = positionals
    if (action === undefined && args.length === 0) {
      context.out(usage)
      return 0
    }
    if (action !== 'verify' || more.length > 0) return wrongUsage(context, 'name verify and nothing else')
    const head = values.head?.toLowerCase()
    if (head !== undefined && !/^[0-9a-f]{64}$/.test(head)) return wrongUsage(context, '--head takes 64 hex digits')
    const file = values.file ?? auditFileIn(parseConfig(context.env))
    return report(file, head, await verifyAudit(file, head), context)
  },
}

function wrongUsage({ err }: CommandContext, problem: string): number {
  err(`otto audit: ${problem}\n\n${usage}`)
  return 2
}

function report(
  file: string,
  wanted: string | undefined,
  { summary, broken }: AuditVerdict,
  { out, err }: Pick<CommandContext, 'out' | 'err'>,
): number {
  const { records, head, firstAt, lastAt, kinds, foundAt } = summary
  if (broken !== undefined) {
    err(`otto audit: ${file}:${broken.line}: ${broken.fault}. Unbroken before it: ${records}.`)
    return 1
  }
  out(`${records} records, unbroken`)
  if (firstAt !== undefined) out(`first  ${firstAt}`)
  if (lastAt !== undefined) out(`last   ${lastAt}`)
  out(`head   ${head}`)
  if (kinds.size > 0) out(`kinds  ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`)
  if (wanted === undefined) return 0
  if (foundAt !== undefined) {
    out(`found  ${wanted} is record ${foundAt}`)
    return 0
  }
  err(`otto audit: no record has the hash ${wanted}: the end was cut off, or it is the hash of another log.`)
  return 1
}
