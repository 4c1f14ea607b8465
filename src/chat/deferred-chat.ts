import type { Chat } from './chat.ts'

/**
 * A chat that is made when it is first asked for a turn: that loads much code, which a start need not wait for. The first
 * turn does; from then on nothing stands between.
 */
export function createDeferredChat(defaultModel: string, open: () => Promise<Chat>): Chat {
  let opening: Promise<Chat> | undefined
  let opened: Chat | undefined
  let isStopped = false

  const make = async (): Promise<Chat> => {
    opened = await open()
    if (isStopped) opened.stop()
    return opened
  }
  const chat = (): Promise<Chat> => {
    opening ??= make().catch((error: unknown) => {
      opening = undefined // the next one tries again
      throw error
    })
    return opening
  }

  return {
    defaultModel,
    turn: (request, caller) =>
      opened?.turn(request, caller) ?? whenReady(async () => (await chat()).turn(request, caller)),
    stop() {
      isStopped = true
      opened?.stop()
    },
  }
}

/** A stream that is opened when it is first read. */
function whenReady<T>(open: () => Promise<AsyncIterable<T>>): AsyncIterable<T> {
  return {
    [Symbol.asyncIterator]() {
      let opening: Promise<AsyncIterator<T>> | undefined
      const iterator = () => {
        opening ??= open().then((events) => events[Symbol.asyncIterator]())
        return opening
      }
      return {
        next: async () => (await iterator()).next(),
        async return(value) {
          const left = opening === undefined ? undefined : await (await opening).return?.(value)
          return left ?? { done: true, value }
        },
      }
    },
  }
}
