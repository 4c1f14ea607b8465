import { parseArgs } from 'node:util'
import { z } from 'zod'
import type { MisbehaviourKind } from '../scripted/misbehaviour.ts'
import { isMisbehaviour, misbehaviours } from '../scripted/misbehaviour.ts'
import { startScripted } from './_start-scripted.ts'
import { runUntilStopped } from './_until-stopped.ts'
import type { Command } from './command.ts'

const kinds = Object.keys(misbehaviours)

const usage = `otto model [--port 11434] [--misbehave kind] [--delay ms]

A stand-in for Ollama that needs no model: a script that plays tic-tac-toe by a table and speaks Ollama's protocol on
127.0.0.1. It is no language model and says so. Point OLLAMA_URL at it to try the service without one.
Its models are otto-scripted:latest, :native (calls on the last line), :text (takes no tools) and :thinking.
--misbehave lets every answer go wrong in one way; as a tag, otto-scripted:cut, it goes wrong for who asks for it:
${Object.entries(misbehaviours)
  .map(([kind, { summary }]) => `  ${kind.padEnd(12)} ${summary}`)
  .join('\n')}
--delay waits that many milliseconds before each chunk.`

const Asked = z.object({
  port: z.coerce.number('must be a number').int().min(0).max(65_535).default(11_434),
  delay: z.coerce.number('must be a number').int().min(0).max(600_000).optional(),
  misbehave: z
    .custom<MisbehaviourKind>((kind) => isMisbehaviour(String(kind)), `must be one of ${kinds.join(', ')}`)
    .optional(),
})

/** `otto model`: the scripted model server, until it is stopped. */
export const modelCommand: Command = {
  name: 'model',
  summary: 'stand in for Ollama with a script that plays tic-tac-toe',
  usage,
  async run(args, context) {
    const option = { type: 'string' } as const
    const { values } = parseArgs({ args: [...args], options: { port: option, misbehave: option, delay: option } })
    const asked = Asked.safeParse(values)
    if (!asked.success) {
      const wrong = asked.error.issues.map(({ path, message }) => `--${path.join('.')} ${message}`)
      context.err(`otto model: ${wrong.join('; ')}\n\n${usage}`)
      return 2
    }
    const { port, delay, misbehave } = asked.data
    return runUntilStopped(async () => {
      const server = await startScripted({
        port,
        ...(delay === undefined ? {} : { delayMs: delay }),
        ...(misbehave === undefined ? {} : { misbehave }),
      })
      context.out(`${server.url} answers like Ollama. It is scripted: no language model runs here.`)
      return server
    }, context)
  },
}
