import { dirname, join } from 'node:path/posix'

/** Source files by path inside `src/`. */
export type Sources = ReadonlyMap<string, string>

/** Which folders (or files beside them) a folder may import besides itself; a type import counts. */
export const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  'settings.ts': ['core'],
  'config.ts': ['core', 'settings.ts'],
  'system.ts': ['core'],
  signing: ['core'],
  jlvm: ['core'],
  wallet: ['core', 'signing'],
  fiber: ['core', 'signing', 'jlvm'],
  dialect: ['core', 'signing', 'jlvm', 'fiber'],
  chain: ['core', 'signing', 'fiber', 'dialect'],
  devnet: ['core', 'signing', 'fiber', 'dialect'],
  db: ['core'],
  intent: ['core', 'chain', 'db'],
  audit: ['core', 'db', 'tools'],
  tictactoe: ['core', 'signing', 'jlvm', 'fiber', 'dialect', 'chain', 'db', 'intent'],
  llm: ['core'],
  telemetry: ['core'],
  policy: ['core', 'db'],
  sandbox: ['core', 'policy'],
  session: ['core', 'db', 'sandbox'],
  budget: ['core', 'db', 'llm', 'policy', 'telemetry'],
  tools: ['core', 'intent', 'tictactoe', 'policy', 'sandbox', 'telemetry'],
  agent: ['core', 'db', 'llm', 'policy', 'sandbox', 'telemetry', 'session', 'budget', 'tools'],
  chat: ['core', 'llm', 'tools', 'tictactoe'],
  live: ['core', 'intent', 'tictactoe', 'tools'],
  scripted: ['core', 'llm', 'tictactoe'],
  metrics: ['core', 'signing', 'fiber', 'chain', 'llm', 'tools', 'chat', 'telemetry'],
  tracing: ['core', 'signing', 'chain', 'llm', 'tools', 'chat'],
  http: ['core', 'llm', 'tools', 'tictactoe', 'chat', 'live', 'policy', 'session', 'budget', 'agent', 'telemetry'],
}

/** These build everything, and nobody else imports them. */
const roots = [
  'main.ts',
  'open-access.ts',
  'open-agents.ts',
  'open-audit.ts',
  'open-chain.ts',
  'open-chat.ts',
  'open-devnet.ts',
  'open-events.ts',
  'open-games.ts',
  'open-kill-switch.ts',
  'open-live.ts',
  'open-model.ts',
  'open-models.ts',
  'open-tracing.ts',
  'otto.ts',
  'open-wallets.ts',
  'cli',
  'open-records.ts',
  'open-spending.ts',
]

/** Where a package may be imported, for those that would spread. */
const packages: Readonly<Record<string, readonly string[]>> = {
  fastify: ['http', 'devnet', 'otto.ts'],
  '@fastify/websocket': ['http'],
  'node-forge': ['wallet'],
  kysely: ['db', 'intent', 'budget', 'policy', 'agent'],
  pg: ['db'],
  'prom-client': ['metrics'],
  '@opentelemetry/api': ['tracing'],
  '@opentelemetry/sdk-trace': ['tracing'],
}

/** Tables may be long, a control flow may not. */
const maxLines = 300
const tables: readonly string[] = []

const isRoot = (unit: string): boolean => roots.includes(unit)

/** The folder of a file, or the file itself where it stands beside the folders. */
const unitOf = (path: string): string => path.split('/')[0] ?? path

/** The modules that a source names: imports, types included, re-exports and dynamic imports of a literal. */
export function importsOf(source: string): string[] {
  const patterns = [
    /^\s*(?:import|export)\b[^'"`;=]*?\bfrom\s*['"]([^'"]+)['"]/gm,
    /^\s*import\s*['"]([^'"]+)['"]/gm,
    /\bimport\(\s*['"]([^'"]+)['"]/g,
  ]
  return patterns.flatMap((pattern) => [...source.matchAll(pattern)].map(([, specifier = '']) => specifier))
}

/** The file inside `src/` that a relative import means; undefined for packages and for what lies outside. */
const targetOf = (path: string, specifier: string): string | undefined => {
  const target = join(dirname(path), specifier)
  return specifier.startsWith('.') && !target.startsWith('..') ? target : undefined
}

const targetsOf = (path: string, source: string): string[] =>
  importsOf(source).flatMap((specifier) => targetOf(path, specifier) ?? [])

/** Everything in which the sources break the layout, one line each. */
export const violationsOf = (sources: Sources): string[] => [
  ...[...sources].flatMap(([path, source]) => [
    ...arrowViolations(path, source),
    ...packageViolations(path, source),
    ...fileViolations(path, source),
  ]),
  ...cyclesOf(sources).map((cycle) => `cycle: ${cycle.join(' → ')}`),
]

function arrowViolations(path: string, source: string): string[] {
  const from = unitOf(path)
  const allowed = arrows[from]
  if (allowed === undefined && !isRoot(from)) return [`${path}: ${from} has no row in the table of arrows`]
  return targetsOf(path, source).flatMap((target) => {
    const to = unitOf(target)
    if (to === from) return []
    if (target.split('/').at(-1)?.startsWith('_')) return [`${path}: ${target} is private to ${to}`]
    if (isRoot(from) || allowed?.includes(to)) return []
    return [`${path}: ${from} may not import ${to} (${target})`]
  })
}

const packageViolations = (path: string, source: string): string[] =>
  importsOf(source).flatMap((specifier) => {
    const allowed = Object.hasOwn(packages, specifier) ? packages[specifier] : undefined
    return allowed === undefined || allowed.includes(unitOf(path)) ? [] : [`${path}: may not import ${specifier}`]
  })

function fileViolations(path: string, source: string): string[] {
  const lines = source.trimEnd().split('\n').length
  const mayReadEnvironment = isRoot(unitOf(path)) || path === 'config.ts'
  return [
    ...(path.split('/').at(-1) === 'index.ts' ? [`${path}: a barrel`] : []),
    ...(/^\s*export\b[^'"`;=]*?\bfrom\s*['"]/m.test(source) ? [`${path}: re-exports`] : []),
    ...(lines > maxLines && !tables.includes(path) ? [`${path}: ${lines} lines`] : []),
    ...(/\bprocess\s*\.\s*env\b/.test(source) && !mayReadEnvironment ? [`${path}: reads the environment`] : []),
  ]
}

/** Every circle of imports, each once, beginning where the walk met it. */
function cyclesOf(sources: Sources): string[][] {
  const done = new Set<string>()
  const cycles: string[][] = []
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path)
    if (start >= 0) cycles.push([...trail.slice(start), path])
    if (start >= 0 || done.has(path)) return
    for (const target of targetsOf(path, sources.get(path) ?? '')) visit(target, [...trail, path])
    done.add(path)
  }
  for (const path of sources.keys()) visit(path, [])
  return cycles
}
