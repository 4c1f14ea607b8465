import type { Selectable } from 'kysely'
import type { Database } from '../db/database.ts'
import type { TaskTable } from '../db/schema.ts'
import type { TaskResult, TaskStatus } from './agent.ts'

/** A task as it is begun. */
export type BegunTask = {
  readonly id: string
  readonly sessionId: string
  readonly agentId: string
  readonly workflowId: string
  readonly traceId: string
  readonly principal: string
}

/** A task as it is kept. `result` is there once it has ended. */
export type KeptTask = BegunTask & {
  readonly status: TaskStatus
  readonly createdAtMs: number
  readonly endedAtMs: number | null
  readonly result: TaskResult | null
}

/** Tasks from their beginning to their end, in the database. @throws StorageUnavailableError, from all of it */
export type TaskStore = {
  /** Before anything is spent. */
  begin(task: BegunTask): Promise<void>
  end(result: TaskResult): Promise<void>
  /** The newest 200, oldest first. */
  ofSession(sessionId: string): Promise<readonly KeptTask[]>
  counts(): Promise<Readonly<Partial<Record<TaskStatus, number>>>>
  /** Tasks that a process left behind when it died are told as interrupted. @returns their ids */
  recover(): Promise<readonly string[]>
}

export type TaskStoreDeps = {
  readonly database: Database
  /** This process, as table `bridges` names it. */
  readonly owner: string
}

/** @see TaskStore */
export function createTaskStore({ database, owner }: TaskStoreDeps): TaskStore {
  const { query } = database
  return {
    async begin({ id, sessionId, agentId, workflowId, traceId, principal }) {
      const createdMs = await database.nowMs()
      await database.write((transaction) =>
        transaction
          .insertInto('tasks')
          .values({
            id,
            session_id: sessionId,
            agent_id: agentId,
            workflow_id: workflowId,
            trace_id: traceId,
            principal,
            status: 'RUNNING',
            owner,
            created_ms: createdMs,
            ended_ms: null,
            result: null,
          })
          .execute(),
      )
    },
    async end(result) {
      const endedMs = await database.nowMs()
      await database.write((transaction) =>
        transaction
          .updateTable('tasks')
          .set({ status: result.status, ended_ms: endedMs, result: JSON.stringify(result) })
          .where('id', '=', result.taskId)
          .where('status', '=', 'RUNNING')
          .execute(),
      )
    },
    async ofSession(sessionId) {
      const rows = await query
        .selectFrom('tasks')
        .selectAll()
        .where('session_id', '=', sessionId)
        .orderBy('seq', 'desc')
        .limit(200)
        .execute()
      return rows.toReversed().map(toTask)
    },
    async counts() {
      const rows = await query
        .selectFrom('tasks')
        .select(({ fn }) => ['status', fn.countAll<number>().as('count')])
        .groupBy('status')
        .execute()
      return Object.fromEntries(rows.map(({ status, count }) => [status, Number(count)]))
    },
    async recover() {
      const nowMs = await database.nowMs()
      return database.write(async (transaction) => {
        const left = await transaction
          .selectFrom('tasks')
          .select(['id', 'session_id', 'agent_id'])
          .where('status', '=', 'RUNNING')
          .where('owner', '!=', owner)
          .where(({ not, exists, selectFrom }) =>
            not(
              exists(
                selectFrom('bridges')
                  .select('bridges.id')
                  .whereRef('bridges.id', '=', 'tasks.owner')
                  .where('until_ms', '>=', nowMs),
              ),
            ),
          )
          .limit(10_000)
          .execute()
        for (const { id, session_id, agent_id } of left)
          await transaction
            .updateTable('tasks')
            .set({
              status: 'FAILED',
              ended_ms: nowMs,
              result: JSON.stringify(interrupted({ taskId: id, sessionId: session_id, agentId: agent_id })),
            })
            .where('id', '=', id)
            .where('status', '=', 'RUNNING')
            .execute()
        return left.map(({ id }) => id)
      })
    },
  }
}

const toTask = (row: Selectable<TaskTable>): KeptTask => ({
  id: row.id,
  sessionId: row.session_id,
  agentId: row.agent_id,
  workflowId: row.workflow_id,
  traceId: row.trace_id,
  principal: row.principal,
  status: row.status,
  createdAtMs: Number(row.created_ms),
  endedAtMs: row.ended_ms === null ? null : Number(row.ended_ms),
  // What `end` wrote.
  result: row.result === null ? null : (JSON.parse(row.result) as TaskResult),
})

/** What there is to tell of a task whose process died: what it spent stands in the usage, row by row. */
const interrupted = (ids: Pick<TaskResult, 'taskId' | 'sessionId' | 'agentId'>): TaskResult => ({
  ...ids,
  status: 'FAILED',
  stopped: 'interrupted',
  output: '',
  error: {
    code: 'PROCESS_ERROR',
    message: 'The service ended while this task ran.',
    hint: 'Ask again in the same session: what was said and done until then is in its transcript.',
  },
  usage: { inputTokens: 0, outputTokens: 0, costUsd: 0, modelCalls: 0, toolCalls: 0, ms: 0 },
  artifacts: [],
})
