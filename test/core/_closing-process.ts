import { join } from 'node:path'
import { silentLog } from '../../src/core/log.ts'
import { createSupervisor } from '../../src/core/supervisor.ts'
import { createTaskPool } from '../../src/core/task-pool.ts'
import { openSqlite } from '../../src/db/open-sqlite.ts'
import { createKillSwitch } from '../../src/policy/create-kill-switch.ts'
import { systemClock as clock, randomId } from '../../src/system.ts'
import { createEventBus } from '../../src/telemetry/event-bus.ts'
import { createJsonlSink } from '../../src/telemetry/jsonl-sink.ts'

// Opens what waits in the background, uses it, closes it; the process must then end by itself.
const [, , dir = ''] = process.argv
const bus = createEventBus({ clock, newId: randomId })
bus.subscribe(createJsonlSink({ path: join(dir, 'events.jsonl') }))
bus.subscribe({ name: 'hangs', accept: () => new Promise(() => {}) })
const database = await openSqlite({ path: ':memory:', log: silentLog })
const kill = await createKillSwitch({
  isOnByEnvironment: false,
  file: join(dir, 'KILL'),
  database,
  clock,
  publish: bus.publish,
})
const supervisor = createSupervisor({ clock, random: Math.random })
await supervisor.start([
  { id: 'runs', policy: 'permanent', start: async () => ({ stop: async () => {} }) },
  {
    id: 'crashes',
    policy: 'permanent',
    start: async () => ({ ended: Promise.reject(new Error('at once')), stop: async () => {} }),
  },
])
const pool = createTaskPool({ clock, concurrency: 2, queue: 2 })
void pool.run(async () => Promise.reject(new Error('nobody hears it')))
await kill.set(true, { principal: 'admin' })
await pool.drain(30_000)
await supervisor.close()
await kill.close()
await database.close()
await bus.close()
process.stdout.write('closed\n')
