import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { AgentSpec } from '../../src/agent/agent-spec.ts'
import type { AgentsDeps } from '../../src/agent/create-agents.ts'
import { createAgents } from '../../src/agent/create-agents.ts'
import { createIsolatedTurns } from '../../src/agent/isolated-turns.ts'
import type { AgentParts } from '../../src/agent/run-task.ts'
import { createSessionMemory } from '../../src/agent/session-memory.ts'
import { createTaskStore } from '../../src/agent/task-store.ts'
import { createBudgets } from '../../src/budget/create-budgets.ts'
import { dayScope } from '../../src/budget/day-scope.ts'
import { createUsageLedger } from '../../src/budget/usage-ledger.ts'
import type { JsonObject } from '../../src/core/json.ts'
import type { SupervisorLimits } from '../../src/core/supervised.ts'
import { createSupervisor } from '../../src/core/supervisor.ts'
import type { Database } from '../../src/db/database.ts'
import type { ChatMessage, LanguageModel, ModelEvent, ModelRequest, ToolCall } from '../../src/llm/language-model.ts'
import { createTurnRunner } from '../../src/llm/loop.ts'
import { createKillSwitch } from '../../src/policy/create-kill-switch.ts'
import { createSandbox } from '../../src/sandbox/create-sandbox.ts'
import type { ArtifactStore } from '../../src/session/artifact.ts'
import { createContextStore } from '../../src/session/create-context-store.ts'
import { createRedactor } from '../../src/session/redact.ts'
import { randomId, systemClock } from '../../src/system.ts'
import { baseTools } from '../../src/tools/base-tools.ts'
import type { ToolBusDeps } from '../../src/tools/bus.ts'
import type { Tool } from '../../src/tools/tool.ts'
import { prices } from '../budget/_limited.ts'
import { recordingLog } from '../db/kit.ts'
import { openMemory } from '../records.ts'
import { openStore } from '../session/_kit.ts'
import { busOf } from '../tools/_bus-world.ts'

/** What a test has a model do with one question. */
export type Answer = (request: ModelRequest, signal: AbortSignal) => AsyncIterable<ModelEvent>

/** Words, in pieces, at the price of so many tokens. */
export const words = (text: string, { output = 5, prompt = 20 } = {}): Answer =>
  async function* () {
    yield { type: 'text', text }
    yield ended(prompt, output)
  }

/** Calls of tools, all in one answer. */
export const calls = (...asked: readonly (readonly [name: string, args: JsonObject])[]): Answer =>
  async function* () {
    for (const [index, [name, args]] of asked.entries())
      yield { type: 'call', call: { id: `c${index}`, name, arguments: args } satisfies ToolCall }
    yield ended(20, 5)
  }

/** Says nothing until it is left. */
export const hangs: Answer = async function* (_, signal) {
  await left(signal)
  yield { type: 'text', text: 'never' }
}

/** Speaks without end, a word every few milliseconds. */
export const babbles: Answer = async function* (_, signal) {
  for (;;) {
    signal.throwIfAborted()
    yield { type: 'text', text: 'and ' }
    await systemClock.sleep(5, signal)
  }
}

/** Rejects once the signal fires. */
export const left = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })

const ended = (promptTokens: number, outputTokens: number): ModelEvent => ({
  type: 'end',
  reason: 'stop',
  usage: { promptTokens, outputTokens, loadNs: 0, promptNs: 0, outputNs: 0 },
  isPromptCut: false,
})

/** A model that answers its questions in order; the last answer again, once there is no other. */
export function modelOf(...answers: readonly Answer[]) {
  const asked: ModelRequest[] = []
  const model: LanguageModel = {
    chat(request, { signal }) {
      asked.push(request)
      const answer = answers[asked.length - 1] ?? answers.at(-1)
      if (answer === undefined) throw new Error('The test gave no answer.')
      return answer(request, signal)
    },
    capabilities: async () => ({ tools: true, contextLength: 8_192 }),
    ping: async () => {},
    close: async () => {},
  }
  return { model, asked }
}

/** What was said in the conversation of a question, system prompt aside: `user: Hi`. */
export const told = ({ messages }: { readonly messages: readonly ChatMessage[] }): readonly string[] =>
  messages.flatMap(({ role, content }) => (role === 'system' ? [] : [`${role}: ${content}`]))

export const agentSpec = (more: object = {}): AgentSpec =>
  AgentSpec.parse({ name: 'ada', model: 'm', system_prompt: 'You are Ada.', ...more })

export type WorldOptions = {
  readonly specs?: readonly AgentSpec[]
  readonly model?: LanguageModel
  readonly tools?: readonly Tool[]
  readonly bus?: Partial<ToolBusDeps>
  /** Another world on the same folder and database stands for a restart. */
  readonly dir?: string
  readonly database?: Database
  readonly artifacts?: (real: ArtifactStore) => ArtifactStore
  readonly parts?: Partial<AgentParts>
  readonly deps?: Partial<AgentsDeps>
  readonly secrets?: readonly string[]
  readonly supervisor?: Partial<SupervisorLimits>
}

export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'otto-agent-'))
  onTestFinished(() => rm(dir, { recursive: true, force: true }))
  return dir
}

/** Agents on real parts, but for their model: closed with the test. */
export async function openWorld(options: WorldOptions = {}) {
  const { specs = [agentSpec()], model = modelOf(words('Hello.')).model, tools = [], secrets = [] } = options
  const dir = options.dir ?? (await temporaryFolder())
  const database = options.database ?? (await openMemory())
  const log = recordingLog()
  const day = () => dayScope(systemClock, 10)
  const artifacts = (options.artifacts ?? ((real) => real))(openStore(dir, { log }))
  const contexts = createContextStore({ clock: systemClock, maxBytes: 1024 * 1024 })
  const kill = await createKillSwitch({
    isOnByEnvironment: false,
    file: join(dir, 'KILL'),
    database,
    clock: systemClock,
    pollMs: 600_000,
  })
  const usage = createUsageLedger({ database, clock: systemClock, newId: randomId })
  const { bus, events, denials } = busOf([...baseTools, ...tools], { kill, ...options.bus })
  const publish: AgentParts['publish'] = (type, data, ids) => void events.push({ type, data, ids })
  const budgets = createBudgets({ database, clock: systemClock, publish, maxUsdPerDay: 10 })
  for (const { name, tools: granted } of specs) for (const tool of granted) bus.grant(name, tool)
  const supervisor = createSupervisor({
    clock: systemClock,
    random: () => 0.5,
    log,
    limits: { backOff: { firstMs: 1, factor: 1, maxMs: 1, jitter: 0 }, ...options.supervisor },
  })
  const shared = { tools: bus, prices, usage, budgets, publish, log, day, rulesFor: () => undefined }
  const tasks = createTaskStore({ database, owner: 'this' })
  const agents = createAgents({
    declared: specs.map((spec) => ({ spec, source: `${spec.name}.yml`, overrides: [] })),
    lookFor: async () => undefined,
    shared,
    tasks,
    contexts,
    kill,
    supervisor,
    clock: systemClock,
    newId: randomId,
    openParts: async (spec) => ({
      ...shared,
      spec,
      model,
      runTurn:
        spec.isolation === 'inline'
          ? createTurnRunner({ clock: systemClock, observe: { repair: () => {}, refusal: () => {} } })
          : createIsolatedTurns(spec.isolation, { memoryMb: spec.memory_mb }),
      sandbox: createSandbox({
        root: join(dir, 'work', spec.name),
        rules: { allowHosts: [], requestsPerMinute: 10 },
        clock: systemClock,
        newId: randomId,
        searchPath: '',
      }),
      redactor: createRedactor({ secrets, patterns: spec.redact }),
      artifacts,
      memory: createSessionMemory({ contexts, artifacts, log }),
      kill,
      clock: systemClock,
      ...options.parts,
    }),
    ...options.deps,
  })
  const close = async (graceMs = 0) => {
    await agents.close(graceMs)
    await supervisor.close()
  }
  onTestFinished(async () => {
    await close()
    await kill.close()
    contexts.close()
    if (options.database === undefined) await database.close()
  })
  const textOf = async (sessionId: string, name: string): Promise<string> =>
    Buffer.from((await artifacts.load({ namespace: 'sessions', id: sessionId }, name)).bytes).toString()
  /** The lines of a transcript: `user: Hi`. */
  const transcriptOf = async (sessionId: string, name = 'transcript.jsonl'): Promise<readonly string[]> =>
    (await textOf(sessionId, name))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
      .map(({ role, content }) => `${role}: ${content}`)
  return {
    agents,
    dir,
    database,
    log,
    artifacts,
    contexts,
    kill,
    usage,
    budgets,
    bus,
    events,
    denials,
    supervisor,
    tasks,
    textOf,
    transcriptOf,
    close,
  }
}
export type World = Awaited<ReturnType<typeof openWorld>>

/** Somebody who asks, and can hang up. */
export function callerOf(more: object = {}) {
  const gone = new AbortController()
  return {
    caller: { traceId: 'trace', principal: 'p', signal: gone.signal, ...more },
    hangUp: () => gone.abort(new Error('The client hung up.')),
  }
}

/** Asks an agent, `ada` unless told, and waits for what comes of it. */
export const ask = ({ agents }: Pick<World, 'agents'>, input: string, more: object = {}, id = 'ada') =>
  agents.invoke(id, { input, ...more }, callerOf().caller)
