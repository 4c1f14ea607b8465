import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { Config } from '../config.ts'
import { parseConfig } from '../config.ts'
import { checkAgents, checkKill, checkSearch } from './_doctor-agents.ts'
import { checkModel } from './_doctor-chat.ts'
import { checkDoor, checkPages } from './_doctor-door.ts'
import { checkDataFolder, checkLock, checkRules, checkRuntime, checkWallets } from './_doctor-local.ts'
import { checkNodes } from './_doctor-nodes.ts'
import { checkDevnetPorts, checkServicePort } from './_doctor-ports.ts'
import { checkSigner } from './_doctor-signer.ts'
import { answerLimitMs } from './_doctor-stream.ts'
import { printTree } from './_doctor-tree.ts'
import type { Finding } from './_finding.ts'
import { look, probeLimitMs, toLines } from './_finding.ts'
import type { Probe } from './_probe.ts'
import { createProbe } from './_probe.ts'
import { localUrl } from './_service.ts'
import type { Command, CommandContext } from './command.ts'

/** `otto doctor`: everything the service depends on, one line each. */
export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look at everything the service depends on, one line each',
  usage: `otto doctor [--url https://otto.example]
otto doctor --tree [--url https://otto.example]

Looks at the runtime, the settings, the rules, the key stores (or the signer), the data folder and its lock, the ports, every address in
OTTO_L1_URL and OTTO_L0_URL (does it answer, which layer is it, what does it speak, how far is its clock?), the model of
the chat, the files of agents, what searches for them, the kill switch, and whether the pages of OTTO_ALLOWED_ORIGINS may
call a service that runs here.
With --url it also looks at a running service through its public address: does it answer, may those pages call it, and
does a proxy hold its answers back? For the last the model is asked for a short answer, without tools.
Each line is ok, warn or fail, with the next step. Nothing is made or changed.
With --tree it prints the supervised parts of the service that runs here (or at --url) instead, or those that one would start.
Exit codes: 0 nothing fails, 1 something does.`,
  async run(args, context) {
    const options = { url: { type: 'string' }, tree: { type: 'boolean', default: false } } as const
    const { values } = parseArgs({ args: [...args], options })
    const url = Url.safeParse(values.url)
    if (!url.success) {
      context.err(`otto doctor: --url must be an http address\n\n${doctorCommand.usage}`)
      return 2
    }
    if (values.tree) {
      await printTree(url.data, context)
      return 0
    }
    const probe = createProbe()
    try {
      const findings = await examine(context, probe, url.data)
      for (const line of toLines(findings)) context.out(line)
      return findings.some(({ level }) => level === 'fail') ? 1 : 0
    } finally {
      await probe.close()
    }
  },
}

const Url = z
  .url({ protocol: /^https?$/ })
  .transform((url) => url.replace(/\/+$/, ''))
  .optional()

async function examine({ env }: CommandContext, probe: Probe, url?: string): Promise<readonly Finding[]> {
  const without = [look('runtime', checkRuntime), look('rules', checkRules)]
  const looks = [...without, look('settings', async () => describeSettings(parseConfig(env)))]
  const config = await readable(env)
  if (config !== undefined) {
    looks.push(
      ...examineParts(config, env, probe),
      look('model', () => checkModel(config), modelLimitMs),
    )
    if (url !== undefined) looks.push(look('address', () => checkDoor({ url, config, env, probe }), doorLimitMs))
  }
  return (await Promise.all(looks)).flat()
}

/** Its own limits are shorter: they say more. */
const modelLimitMs = 2 * probeLimitMs
const doorLimitMs = answerLimitMs + 5 * probeLimitMs

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
  const isServing = async () => (await port).some(({ detail }) => detail.startsWith('Otto answers'))
  const ledger = async () => {
    const isOurs = await isServing()
    return look('ledger', () => checkLock(config, isOurs))
  }
  const kill = async () => {
    const isOurs = await isServing()
    return look('kill switch', () => checkKill(config, env, probe, isOurs))
  }
  const pages = async () =>
    (await isServing()) ? look('pages', () => checkPages({ url: localUrl(config.http), config })) : []
  return [
    look('wallets', () => (config.signing === 'external' ? checkSigner(config) : checkWallets(config))),
    look('data', () => checkDataFolder(config)),
    port,
    ...(nodes === undefined
      ? [ledger(), look('devnet', () => checkDevnetPorts(config, probe))]
      : [checkNodes({ nodes, dialect: dialect.name, probe })]),
    pages(),
    look('agents', () => checkAgents(config, env)),
    look('search', () => checkSearch(config)),
    kill(),
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
