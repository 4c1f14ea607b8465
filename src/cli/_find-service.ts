import { pino } from 'pino'
import { parseConfig } from '../config.ts'
import { startOtto } from '../main.ts'
import { openLog } from './_log.ts'
import { assertNoDebugger } from './_no-debugger.ts'
import type { Service } from './_service.ts'
import { createService, localUrl } from './_service.ts'
import type { CommandContext } from './command.ts'

/** The settings of a service of our own; what it needs beside them goes onto the stack and is closed with it. */
export type Prepare = (started: AsyncDisposableStack) => Promise<CommandContext['env']>

/** The service named, the one that answers at the configured port, or one of our own until it is closed. */
export async function findService(
  url: string | undefined,
  context: CommandContext,
  prepare: Prepare,
): Promise<Service> {
  if (url !== undefined) return createService(url, context)
  const here = await createService(localUrl(parseConfig(context.env).http), context)
  if (await here.isThere()) return here
  await here.close()
  await using started = new AsyncDisposableStack()
  const env = await prepare(started)
  assertNoDebugger(env)
  const otto = started.adopt(await startOtto(parseConfig(env), openLog('warn', pino.destination(2))), (open) =>
    open.close(),
  )
  const service = started.adopt(await createService(otto.url, context), (open) => open.close())
  const running = started.move()
  return { ...service, close: () => running.disposeAsync() }
}
