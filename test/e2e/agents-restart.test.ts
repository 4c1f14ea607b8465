import { expect, onTestFinished, test } from 'vitest'
import { startScripted } from '../scripted/_scripted.ts'
import { agentFolder, invoke, send, sessionOf } from './_agents.ts'
import { serve } from './_process.ts'

/** A service in a process of its own, with a model server that takes questions and never answers. */
async function startHanging() {
  const folder = await agentFolder()
  onTestFinished(folder.remove)
  const model = await startScripted({ misbehave: 'silent' })
  onTestFinished(() => model.close())
  const env = { ...folder.env, OLLAMA_URL: model.url }
  const service = await serve(folder.dir, env)
  onTestFinished(() => void service.child.kill('SIGKILL'))
  return { model, service, again: () => serve(folder.dir, env) }
}

test('a task that runs when the service is told to stop is stored as interrupted, and its caller is told', {
  timeout: 90_000,
}, async () => {
  const { model, service, again } = await startHanging()
  const asked = model.next()
  const asking = invoke(service.url, 'slow', { input: 'Hi', sessionId: 's' })
  await asked
  expect(await service.kill('SIGTERM')).toBe(0)
  expect(await asking).toMatchObject({ status: 200, body: { status: 'FAILED', stopped: 'interrupted' } })
  const next = await again()
  onTestFinished(() => void next.child.kill('SIGKILL'))
  expect(await sessionOf(next.url, 's')).toMatchObject({
    tasks: [{ status: 'FAILED', result: { stopped: 'interrupted', error: { code: 'PROCESS_ERROR' } } }],
  })
  const transcript = await send(next.url, '/api/v1/sessions/s/artifacts/transcript.jsonl')
  expect(transcript.text).toContain('"content":"Hi"')
})

test('a task whose process is killed is told as interrupted after the restart, and what was spent before stands', {
  timeout: 90_000,
}, async () => {
  const { model, service, again } = await startHanging()
  const done = await invoke(service.url, 'scribe', { input: 'Hello', sessionId: 's' })
  expect(done).toMatchObject({ status: 200, body: { status: 'COMPLETED' } })
  const asked = model.next()
  const begun = await send(
    service.url,
    '/api/v1/agents/slow/invoke',
    { input: 'Hi', sessionId: 's' },
    { prefer: 'respond-async' },
  )
  await asked
  await service.kill('SIGKILL')
  const next = await again()
  onTestFinished(() => void next.child.kill('SIGKILL'))
  expect(await sessionOf(next.url, 's')).toMatchObject({
    tasks: [
      { taskId: done.body.taskId, status: 'COMPLETED' },
      { taskId: begun.body.taskId, status: 'FAILED', result: { stopped: 'interrupted' } },
    ],
  })
  expect((await send(next.url, '/api/v1/usage?scope=session:s')).body.totals).toMatchObject({
    calls: done.body.usage.modelCalls,
    inputTokens: done.body.usage.inputTokens,
  })
  expect(await invoke(next.url, 'scribe', { input: 'Go on', sessionId: 's' })).toMatchObject({
    body: { status: 'COMPLETED', artifacts: [{ name: 'transcript-3.jsonl' }, { name: 'result-3.json' }] },
  })
})
