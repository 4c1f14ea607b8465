import { expect, test } from 'vitest'
import type { Chat, ChatCaller, ChatRequest } from '../../src/chat/chat.ts'
import { createDeferredChat } from '../../src/chat/deferred-chat.ts'
import type { TurnEvent } from '../../src/llm/turn.ts'
import { collect } from '../llm/_scripted.ts'

const request: ChatRequest = { model: 'm', messages: [], tools: [], mode: 'run', rest: {} }
const caller: ChatCaller = { traceId: 't', principal: 'p', gone: new AbortController().signal }
const heartbeat: TurnEvent = { type: 'heartbeat' }

/** A chat whose turns are two heartbeats, and a count of what was done to it. */
function counted() {
  const done = { opened: 0, stopped: 0, left: 0 }
  const chat: Chat = {
    defaultModel: 'm',
    async *turn() {
      try {
        yield heartbeat
        yield heartbeat
      } finally {
        done.left += 1
      }
    },
    stop: () => {
      done.stopped += 1
    },
  }
  const open = async () => {
    done.opened += 1
    return chat
  }
  return { done, open }
}

test('it is made for the first turn and kept; a second one that comes meanwhile waits for the same', async () => {
  const { done, open } = counted()
  const chat = createDeferredChat('m', open)
  expect(chat.defaultModel).toBe('m')
  expect(done.opened).toBe(0)
  const turns = [chat.turn(request, caller), chat.turn(request, caller)]
  expect(await Promise.all(turns.map(collect))).toEqual([
    [heartbeat, heartbeat],
    [heartbeat, heartbeat],
  ])
  expect(await collect(chat.turn(request, caller))).toHaveLength(2)
  expect(done).toMatchObject({ opened: 1, left: 3 })
})

test('leaving a turn early leaves the one behind it', async () => {
  const { done, open } = counted()
  for await (const _ of createDeferredChat('m', open).turn(request, caller)) break
  expect(done.left).toBe(1)
})

test('a stop before the first turn holds', async () => {
  const { done, open } = counted()
  const chat = createDeferredChat('m', open)
  chat.stop()
  expect(done.stopped).toBe(0)
  await collect(chat.turn(request, caller))
  expect(done.stopped).toBe(1)
  chat.stop()
  expect(done.stopped).toBe(2)
})

test('what could not be made is tried again', async () => {
  const { done, open } = counted()
  let fails = true
  const chat = createDeferredChat('m', async () => {
    if (fails) throw new Error('not yet')
    return open()
  })
  await expect(collect(chat.turn(request, caller))).rejects.toThrow('not yet')
  fails = false
  await collect(chat.turn(request, caller))
  expect(done.opened).toBe(1)
})
