import type { MessagePort } from 'node:worker_threads'
import { parentPort, workerData } from 'node:worker_threads'
import type { JsonObject } from '../core/json.ts'

/** What the thread of a tool is told. `maxBytes`: of the result's JSON text, in UTF-8. */
export type ToThread =
  | { readonly type: 'call'; readonly id: number; readonly args: JsonObject; readonly maxBytes: number }
  | { readonly type: 'abort'; readonly id: number }

/** What it tells. `text` is JSON: values are read on the other side, and nothing else comes over. */
export type FromThread =
  | { readonly type: 'ready'; readonly text: string }
  | { readonly type: 'fault'; readonly fact: string }
  | { readonly type: 'done'; readonly id: number; readonly text: string }
  | { readonly type: 'failed'; readonly id: number; readonly fact: string }
  | { readonly type: 'too_large'; readonly id: number }
  | { readonly type: 'log'; readonly id: number; readonly text: string }

/** As the file has it; nothing of it is checked here. */
type ProjectTool = {
  readonly input: unknown
  run(args: JsonObject, context: { readonly signal: AbortSignal; log(text: unknown): void }): unknown
}

const maxText = 500
/** Lines of one call. */
const maxLines = 100

const textOf = (value: unknown): string => String(value).slice(0, maxText)
const factOf = (error: unknown): string => textOf(error instanceof Error ? error.message : error)

if (parentPort !== null) await serve(parentPort, workerData as { readonly url: string })

/** Loads the file of one tool and answers calls of it until the thread ends. */
async function serve(port: MessagePort, { url }: { readonly url: string }): Promise<void> {
  const tell = (message: FromThread): void => port.postMessage(message)
  try {
    const tool = toolOf(await import(url))
    const { run: _, ...definition } = tool
    answerCalls(port, tool)
    tell({ type: 'ready', text: JSON.stringify(definition) })
  } catch (error) {
    tell({ type: 'fault', fact: factOf(error) })
  }
}

function toolOf({ tool }: { readonly tool?: ProjectTool }): ProjectTool {
  if (typeof tool !== 'object' || tool === null) throw new TypeError('It exports no tool.')
  if (typeof tool.run !== 'function') throw new TypeError('tool.run: must be a function.')
  return tool
}

function answerCalls(port: MessagePort, tool: ProjectTool): void {
  const tell = (message: FromThread): void => port.postMessage(message)
  const running = new Map<number, AbortController>() // bounded by the other side

  const answer = async ({ id, args, maxBytes }: Extract<ToThread, { type: 'call' }>): Promise<void> => {
    const aborting = new AbortController()
    running.set(id, aborting)
    const lines = { left: maxLines }
    const log = (text: unknown): void => {
      lines.left -= 1
      if (lines.left >= 0) tell({ type: 'log', id, text: textOf(text) })
    }
    try {
      const text = JSON.stringify(await tool.run(args, { signal: aborting.signal, log }))
      if (text?.startsWith('{') !== true) throw new TypeError('It gave no JSON object.')
      tell(Buffer.byteLength(text) > maxBytes ? { type: 'too_large', id } : { type: 'done', id, text })
    } catch (error) {
      tell({ type: 'failed', id, fact: factOf(error) })
    } finally {
      running.delete(id)
    }
  }

  port.on('message', (message: ToThread) => {
    if (message.type === 'call') void answer(message)
    else running.get(message.id)?.abort(new DOMException('Time is up.', 'TimeoutError'))
  })
}
