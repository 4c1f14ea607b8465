import { url as inspectorUrl } from 'node:inspector'
import { ConfigInvalidError } from '../config.ts'

/** Without a listener Node opens a debugger at this signal, for whoever may send it. */
const ignoreSignal = (): void => {}

/**
 * Whoever reaches a debugger reads the keys, so no process that opens them starts with one, outside tests, and none
 * opens one when it is told to by SIGUSR1.
 * @throws ConfigInvalidError
 */
export function assertNoDebugger(env: Readonly<Record<string, string | undefined>>): void {
  if (env['NODE_ENV'] === 'test') return
  if (!process.listeners('SIGUSR1').includes(ignoreSignal)) process.on('SIGUSR1', ignoreSignal)
  if (inspectorUrl() !== undefined) throw new ConfigInvalidError(['no debugger may be open, unless NODE_ENV is test'])
}
