import { join, parse, resolve } from 'node:path'
import type { Logger } from 'pino'
import type { Agents } from './agent/agent.ts'
import { AgentSpec } from './agent/agent-spec.ts'
import type { DeclaredAgent } from './agent/create-agents.ts'
import { createAgents } from './agent/create-agents.ts'
import type { SpecFault } from './agent/errors.ts'
import { createIsolatedTurns } from './agent/isolated-turns.ts'
import { loadAgents } from './agent/load-agents.ts'
import type { AgentParts } from './agent/run-task.ts'
import { createSessionMemory } from './agent/session-memory.ts'
import type { TaskStore } from './agent/task-store.ts'
import { createTaskStore } from './agent/task-store.ts'
import type { TurnModel, TurnOf } from './agent/turn-budget.ts'
import { createTurnBudgets } from './agent/turn-budget.ts'
import { toolRules } from './chat/persona.ts'
import type { Config } from './config.ts'
import type { ChildNode, ChildSpec } from './core/supervised.ts'
import { createSupervisor } from './core/supervisor.ts'
import type { Database } from './db/database.ts'
import type { LanguageModel } from './llm/language-model.ts'
import { createTurnRunner } from './llm/loop.ts'
import type { TurnObserver } from './llm/turn.ts'
import type { Models } from './open-models.ts'
import type { Spending } from './open-spending.ts'
import { shippedDir } from './open-spending.ts'
import type { KillSwitch } from './policy/kill-switch.ts'
import { createSandbox } from './sandbox/create-sandbox.ts'
import type { ArtifactStore, Checkpoints } from './session/artifact.ts'
import { createCheckpoints } from './session/checkpoints.ts'
import type { ContextStore } from './session/context.ts'
import { createArtifactStore } from './session/create-artifact-store.ts'
import { createContextStore } from './session/create-context-store.ts'
import { createRedactor } from './session/redact.ts'
import { randomId, systemClock } from './system.ts'
import type { EventBus } from './telemetry/event-bus.ts'
import { baseTools } from './tools/base-tools.ts'
import { createProjectTools } from './tools/project-tools.ts'
import type { ToolBus } from './tools/tool.ts'

/** Agents and all that they stand on. */
export type Agency = {
  readonly agents: Agents
  readonly tasks: TaskStore
  readonly artifacts: ArtifactStore
  readonly checkpoints: Checkpoints
  readonly contexts: ContextStore
  readonly tools: ToolBus
  /** What is wrong with files of agents: these do not run, the others do. */
  readonly faults: readonly SpecFault[]
  /** The agent that chats. Its bounds hold for a turn; the usual ones where its file cannot be used. */
  readonly otter: {
    readonly spec: AgentSpec | undefined
    limit(model: LanguageModel): (turn: TurnOf) => TurnModel
  }
  /** Every part that is supervised, as it stands. */
  tree(): readonly ChildNode[]
  close(): Promise<void>
}

export type AgencyDeps = {
  readonly database: Database
  readonly events: EventBus
  readonly log: Logger
  readonly spending: Spending
  /** Where the tools are registered, and how they are called: watched by whoever watches calls. */
  readonly bus: ToolBus
  readonly call: ToolBus['call']
  readonly kill: KillSwitch
  readonly models: Models
  /** This process, as table `bridges` names it. */
  readonly owner: string
  readonly observe: TurnObserver
}

/** What starts under one supervisor, in this order; agents when they are first asked. */
export const agencyParts = [
  'registry',
  'tool-bus',
  'context-store',
  'artifact-store',
  'usage-ledger',
  'agents',
] as const

/** How often the artifacts are looked through for what is too old. */
const sweepMs = 3_600_000
/** How often it is asked whether another process left tasks behind. */
const recoverMs = 60_000

/**
 * Reads the agents of the project, the user and the package, grants them their tools, and starts the parts that they
 * stand on under one supervisor. A broken file of an agent is told in the log and keeps no other from running.
 * @throws what a part's start throws
 */
export async function openAgents(config: Config, deps: AgencyDeps): Promise<Agency> {
  const { bus, events, kill, spending, database, owner } = deps
  const log = deps.log.child({ part: 'agents' })
  const { agents: settings } = config
  const supervising = {
    clock: systemClock,
    random: Math.random,
    log,
    onState: ({ id, from, to, restarts }: { id: string; from: string; to: string; restarts: number }) =>
      events.publish('component.state', { id, from, to, restarts }),
  }
  const [supervisor, agentSupervisor] = [createSupervisor(supervising), createSupervisor(supervising)]
  const artifacts = createArtifactStore({
    dir: settings.dataDir,
    clock: systemClock,
    retentionDays: settings.artifactDays,
    isPaused: kill.isOn,
    newId: randomId,
    log,
    publish: events.publish,
  })
  const contexts = createContextStore({ clock: systemClock, maxBytes: settings.contextBytes })
  const tasks = createTaskStore({ database, owner })
  for (const tool of baseTools) bus.register(tool)
  const projectTools = await createProjectTools({
    dir: join(settings.projectDir, 'tools'),
    bus,
    log,
    clock: systemClock,
  })
  const load = async () => {
    const tools = bus.all().flatMap(({ description, aliases }) => [description.name, ...aliases])
    const { agents, faults } = await loadAgents({ ...settings, shippedDir, tools })
    return { agents, faults: faults.filter((fault) => !isElsewhere(fault)) }
  }
  const grant = ({ name, tools }: AgentSpec): void => {
    for (const tool of tools) bus.grant(name, tool)
  }
  const { agents: declared, faults } = await load()
  for (const fault of faults) log.warn({ ...fault }, 'an agent is not used')
  for (const { spec } of declared) grant(spec)
  const lookFor = async (name: string): Promise<DeclaredAgent | 'broken' | undefined> => {
    const now = await load()
    const found = now.agents.find(({ spec }) => spec.name === name)
    if (found !== undefined) grant(found.spec)
    return found ?? (now.faults.some(({ file }) => parse(file).name === name) ? 'broken' : undefined)
  }
  const shared = {
    tools: { call: deps.call, find: bus.find, grants: bus.grants },
    ...spending,
    publish: events.publish,
    log,
    rulesFor,
  }
  const agents = createAgents({
    declared,
    lookFor,
    shared,
    tasks,
    contexts,
    kill,
    supervisor: agentSupervisor,
    clock: systemClock,
    newId: randomId,
    openParts: async (spec): Promise<AgentParts> => ({
      ...shared,
      spec,
      model: await deps.models.of(spec.provider),
      runTurn: runnerOf(spec, deps.observe),
      sandbox: createSandbox({
        root: resolve(settings.dataDir, 'work', spec.name),
        rules: { allowHosts: spec.http.allow, requestsPerMinute: spec.http.requests_per_minute },
        clock: systemClock,
        newId: randomId,
        searchPath: settings.variables['PATH'] ?? '',
      }),
      redactor: createRedactor({ secrets: secretsOf(config), patterns: spec.redact }),
      artifacts,
      memory: createSessionMemory({ contexts, artifacts, log }),
      kill,
      clock: systemClock,
    }),
  })
  const recover = async (): Promise<void> => {
    const left = await tasks.recover()
    if (left.length > 0) log.warn({ tasks: left.slice(0, 20), count: left.length }, 'tasks were interrupted by a crash')
  }
  const starts: Readonly<Record<(typeof agencyParts)[number], ChildSpec['start']>> = {
    registry: repeating(recoverMs, recover),
    'tool-bus': still(() => projectTools.close()),
    'context-store': still(async () => contexts.close()),
    'artifact-store': repeating(sweepMs, () => artifacts.sweep()),
    'usage-ledger': still(),
    agents: async () => ({
      stop: async () => {
        await agents.close(0)
        await agentSupervisor.close()
      },
      tree: agentSupervisor.tree,
    }),
  }
  await supervisor.start(agencyParts.map((id) => ({ id, policy: 'permanent', start: starts[id] })))
  const otter = declared.find(({ spec }) => spec.name === 'otto')?.spec
  return {
    agents,
    tasks,
    artifacts,
    checkpoints: createCheckpoints(artifacts, systemClock),
    contexts,
    tools: bus,
    faults,
    otter: {
      spec: otter,
      limit: (model) =>
        createTurnBudgets({
          ...shared,
          model,
          kill,
          clock: systemClock,
          newId: randomId,
          spec: chatSpec(config, otter),
        }),
    },
    tree: supervisor.tree,
    close: supervisor.close,
  }
}

/** The package's own agent plays the game; inside another program there is none, and that is nobody's fault. */
const isElsewhere = ({ file, path }: SpecFault): boolean => file.startsWith(shippedDir) && path.startsWith('tools.')

/** With the provider that the chat's own model server is. */
const chatSpec = ({ model: { provider, name: model } }: Config, otter: AgentSpec | undefined): AgentSpec =>
  otter ? { ...otter, provider } : AgentSpec.parse({ name: 'otto', provider, model, system_prompt: 'None.' })

/** A part that does nothing by itself, and what ends it. */
const still =
  (stop: () => Promise<void> = async () => {}): ChildSpec['start'] =>
  async () => ({ stop })

/** A part that does the same again and again, the first time before it counts as started. What fails is a crash. */
const repeating =
  (everyMs: number, work: () => Promise<unknown>): ChildSpec['start'] =>
  async () => {
    const done = new AbortController()
    await work()
    const ended = (async () => {
      for (;;) {
        await systemClock.sleep(everyMs, done.signal)
        await work()
      }
    })()
    return {
      ended: ended.catch((error: unknown) => {
        if (!done.signal.aborted) throw error
      }),
      async stop() {
        done.abort(new Error('The part is stopped.'))
        await ended.catch(() => {})
      },
    }
  }

const runnerOf = ({ isolation, memory_mb: memoryMb }: AgentSpec, observe: TurnObserver): AgentParts['runTurn'] =>
  isolation === 'inline'
    ? createTurnRunner({ clock: systemClock, observe })
    : createIsolatedTurns(isolation, { memoryMb })

/** Who plays on the ledger keeps to the rules that the chat keeps to. */
const rulesFor = (names: readonly string[]): string | undefined =>
  names.some((name) => name.startsWith('ttt_')) ? toolRules : undefined

/** What must stand in no transcript. */
function secretsOf({ http, wallet, model, records, signer }: Config): readonly string[] {
  const known = [http.token, wallet.password, model.openAiKey, model.anthropicKey, records.url, signer.token]
  return known.filter((secret) => secret !== undefined)
}
