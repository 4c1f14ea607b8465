import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Logger } from 'pino'
import { createAudit } from './audit/audit.ts'
import { auditApprovals } from './audit/audited-approvals.ts'
import { auditTools } from './audit/audited-tools.ts'
import type { RefusedAccess } from './audit/refusals.ts'
import { createRefusalAudit } from './audit/refusals.ts'
import type { Config } from './config.ts'
import type { JsonObject } from './core/json.ts'
import type { KillSwitch } from './policy/kill-switch.ts'
import { canonicalize } from './signing/canonical.ts'
import { plainHash } from './signing/digest.ts'
import { systemClock } from './system.ts'
import type { Approvals } from './tools/approvals.ts'
import type { ToolBusDeps } from './tools/bus.ts'
import type { ToolCatalog } from './tools/tool.ts'
import type { Wallets } from './wallet/wallet.ts'

/** The audit log of a running service, and the parts as it watches them. */
export type OpenAudit = {
  watchTools(catalog: ToolCatalog): ToolCatalog
  watchApprovals(approvals: Approvals): Approvals
  /** For the server: told of each refusal of access. */
  onRefused(refused: RefusedAccess): void
  /** For the tools: told of each call that policy refuses. */
  readonly onDenied: NonNullable<ToolBusDeps['onDenied']>
  /** Notes each turn of the kill switch. */
  watchKill(kill: Pick<KillSwitch, 'onChange'>): void
  /** @throws StorageUnavailableError while nothing can be written */
  assertWritable(): void
  close(): Promise<void>
}

/** Where the audit log is. */
export const auditFileIn = ({ records }: Pick<Config, 'records'>): string => join(records.dataDir, 'audit.jsonl')

type Deps = {
  readonly log: Logger /** Undefined where nothing is signed. */
  readonly wallets: Pick<Wallets, 'playerX' | 'playerO'> | undefined
}

/**
 * Opens the audit log and notes the start. Closing it notes the stop.
 * @throws AuditLockedError, AuditDamagedError, AuditUnwritableError
 */
export async function openAudit(config: Config, { log, wallets }: Deps): Promise<OpenAudit> {
  const audit = await createAudit({ file: auditFileIn(config), clock: systemClock, log: log.child({ part: 'audit' }) })
  const refusals = createRefusalAudit(audit, systemClock)
  audit.append({
    kind: 'start',
    version: packageVersion(),
    node: process.version,
    configHash: configHash(config),
    dialect: config.dialect.name,
    playerX: wallets?.playerX.address ?? null,
    playerO: wallets?.playerO.address ?? null,
  })
  return {
    watchTools: (catalog) => auditTools(catalog, audit),
    watchApprovals: (approvals) => auditApprovals(approvals, audit),
    onRefused: refusals.note,
    onDenied: ({ tool, rule, isEnforced, principal, ids }) =>
      audit.append({
        kind: 'denial',
        traceId: ids.traceId ?? null,
        principal,
        agent: ids.agentId,
        task: ids.taskId,
        tool,
        rule,
        isEnforced,
      }),
    watchKill: (kill) =>
      void kill.onChange(({ isOn, sources, reason }) => audit.append({ kind: 'kill', isOn, sources, reason })),
    assertWritable: audit.assertWritable,
    async close() {
      refusals.close()
      audit.append({ kind: 'stop' })
      await audit.close()
    },
  }
}

/** SHA-256, hex, of all settings; of a secret only whether it is set. */
export function configHash(config: Config): string {
  const { http, wallet, model, records, signer, agents } = config
  const said = {
    ...config,
    http: { ...http, token: http.token !== undefined },
    wallet: { ...wallet, password: wallet.password !== undefined },
    model: {
      ...model,
      openAiKey: model.openAiKey !== undefined,
      anthropicKey: model.anthropicKey !== undefined,
    },
    agents: { ...agents, variables: null },
    records: { ...records, url: records.url !== undefined },
    signer: { ...signer, token: signer.token !== undefined },
  }
  // Settings that are not set have no member in JSON.
  return plainHash(canonicalize(JSON.parse(JSON.stringify(said)) as JsonObject))
}

/** The package's own, beside the folder that this file is in, compiled or not. */
function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as JsonObject
  return String(version)
}
