import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { openLog } from '../../src/cli/_log.ts'
import { currentIds, runWith } from '../../src/telemetry/work-ids.ts'

test('ids reach whatever the work awaits and starts, and nothing beside it', async () => {
  const seen: Record<string, object> = {}
  const work = (taskId: string) =>
    runWith({ workflowId: 'w', taskId }, async () => {
      await sleep(1)
      await runWith({ agentId: `agent of ${taskId}` }, async () => {
        seen[`${taskId} inner`] = currentIds()
      })
      seen[taskId] = currentIds()
    })
  await Promise.all([work('a'), work('b')])
  expect(seen).toEqual({
    a: { workflowId: 'w', taskId: 'a' },
    b: { workflowId: 'w', taskId: 'b' },
    'a inner': { workflowId: 'w', taskId: 'a', agentId: 'agent of a' },
    'b inner': { workflowId: 'w', taskId: 'b', agentId: 'agent of b' },
  })
  expect(currentIds()).toEqual({})
})

test('gives what the work gives', () => {
  expect(runWith({ taskId: 't' }, () => 4)).toBe(4)
  expect(() =>
    runWith({}, () => {
      throw new RangeError('no')
    }),
  ).toThrow('no')
})

test('each line of the log within a task carries its ids, each name once; others carry none', () => {
  const lines: string[] = []
  const log = openLog('info', { write: (line: string) => void lines.push(line) })
  log.info('before')
  runWith({ workflowId: 'w', taskId: 't' }, () =>
    runWith({ agentId: 'a', sessionId: 's' }, () => {
      log.child({ part: 'tools', taskId: 't' }).info({ tool: 'grep' }, 'within')
      log.info({ sessionId: 'other' }, 'says its own')
    }),
  )
  const [before, within, own] = lines.map((line) => JSON.parse(line))
  expect(Object.keys(before)).toEqual(['level', 'time', 'pid', 'hostname', 'msg'])
  expect(within).toMatchObject({
    part: 'tools',
    workflowId: 'w',
    taskId: 't',
    agentId: 'a',
    sessionId: 's',
    tool: 'grep',
  })
  expect(lines[1]?.match(/"taskId"/g)).toHaveLength(1)
  expect(own).toMatchObject({ workflowId: 'w', taskId: 't', agentId: 'a', sessionId: 'other' })
  expect(lines[2]?.match(/"sessionId"/g)).toHaveLength(1)
})
