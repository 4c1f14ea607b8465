import type { ChildProcess } from 'node:child_process'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { pinned } from './machine.ts'

/** Cores by their part in a measurement; on a machine of one core they are the same. */
export const serviceCore = [0]
export const loadCore = [1]

/** A program of this folder. */
export const programPath = (name: string): string => fileURLToPath(new URL(`./processes/${name}.ts`, import.meta.url))

type RunOptions = {
  readonly cores?: readonly number[]
  /** Options of Node, in front of the program. */
  readonly flags?: readonly string[]
}

/** Runs a program of this folder to its end, and gives the JSON that it printed on its last line. */
export async function runProgram<T>(
  name: string,
  args: readonly string[] = [],
  { cores = serviceCore, flags = [] }: RunOptions = {},
): Promise<T> {
  const [command, ...rest] = pinned(cores, [...flags, programPath(name), ...args])
  const child = spawn(command, rest, { stdio: ['ignore', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk) => {
    text += chunk
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${name} ended with ${code}`)
  return JSON.parse(text.trimEnd().split('\n').at(-1) ?? '')
}

/** A program that answers messages, one at a time. */
export type Worker = { ask<T>(message: object): Promise<T>; stop(): Promise<void> }

/** Starts a program of this folder that answers each message of its parent by one of its own. */
export function startWorker(name: string, cores: readonly number[]): Worker {
  const [command, ...args] = pinned(cores, [programPath(name)])
  const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  return {
    ask<T>(message: object): Promise<T> {
      const { promise, resolve, reject } = Promise.withResolvers<T>()
      const onEnd = () => reject(new Error(`${name} ended`))
      child.once('exit', onEnd)
      child.once('message', (answer) => {
        child.off('exit', onEnd)
        resolve(answer as T) // the program and its caller are written together
      })
      child.send(message)
      return promise
    },
    stop: () => end(child, 'SIGTERM'),
  }
}

/** Ends a process and waits until it is gone. */
export async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}
