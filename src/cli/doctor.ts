import { parseArgs } from 'node:util'
import type { Config } from '../config.ts'
import { parseConfig } from '../config.ts'
import { checkDataFolder, checkLock, checkRules, checkRuntime, checkWallets } from './_doctor-local.ts'
import { checkNodes } from './_doctor-nodes.ts'
import { checkDevnetPorts, checkServicePort } from './_doctor-ports.ts'
import type { Finding } from './_finding.ts'
import { look, toLines } from './_finding.ts'
import type { Probe } from './_probe.ts'
import { createProbe } from './_probe.ts'
import type { Command, CommandContext } from './command.ts'

/** `otto doctor`: everything the service depends on, one line each. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look at everything the service depends on, one line each',
  usage: `otto doctor

Looks at the runtime, the settings, the rules, the key stores, the data folder and its lock, the ports, and every address
in OTTO_L1_URL and OTTO_L0_URL: does it answer, which layer is it, what does it speak, how far is its clock?
Each line is ok, warn or fail, with the next step. Nothing is made or changed. Exit codes: 0 nothing fails, 1 something does.`,
  async run(args, context) {
    parseArgs({ args: [...args], options: {} })
    const probe = createProbe()
    try {
      const findings = await examine(context, probe)
      for (const line of toLines(findings)) context.out(line)
      return findings.some(({ level }) => level === 'fail') ? 1 : 0
    } finally {
      await probe.close()
    }
  },
}

async function examine({ env }: CommandContext, probe: Probe): Promise<readonly Finding[]> {
  const without = [look('runtime', checkRuntime), look('rules', checkRules)]
  const looks = [...without, look('settings', async () => describeSettings(parseConfig(env)))]
  const config = await readable(env)
  if (config !== undefined) looks.push(...examineParts(config, env, probe))
  return (await Promise.all(looks)).flat()
}

/** The settings, undefined when a look of their own has already said what is wrong with them. */
const readable = async (env: CommandContext['env']): Promise<Config | undefined> => {
  try {
    return parseConfig(env)
  } catch {
    return undefined
  }
}

function examineParts(config: Config, env: CommandContext['env'], probe: Probe): Promise<readonly Finding[]>[] {
  const { nodes, dialect } = config
  const port = look('port', () => checkServicePort(config, env, probe))
  const ledger = async () => {
    const isServing = (await port).some(({ detail }) => detail.startsWith('Otto answers'))
    return look('ledger', () => checkLock(config, isServing))
  }
  return [
    look('wallets', () => checkWallets(config)),
    look('data', () => checkDataFolder(config)),
    port,
    ...(nodes === undefined
      ? [ledger(), look('devnet', () => checkDevnetPorts(config, probe))]
      : [checkNodes({ nodes, dialect: dialect.name, probe })]),
  ]
}

function describeSettings({ nodes, dialect, http }: Config): Finding {
  const ledger =
    nodes === undefined ? 'embedded metagraph' : `${nodes.l1.length} Data L1 and ${nodes.l0.length} L0 nodes`
  return {
    level: 'ok',
    name: 'settings',
    detail: `${ledger}, dialect ${dialect.name}, service on ${http.host}:${http.port}`,
  }
}
