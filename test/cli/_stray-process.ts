import { surviveStrayRejections } from '../../src/cli/_stray-rejections.ts'

// A promise fails that nobody waits for, while the service survives that, and again when it does not any more.
const print = (_: object, message: string) => void process.stdout.write(`${message}\n`)
{
  using _ = surviveStrayRejections({ info: print, warn: print, error: print })
  void Promise.reject(new Error('the first'))
  await new Promise((resolve) => setImmediate(resolve))
}
process.stdout.write('goes on\n')
void Promise.reject(new Error('the second'))
await new Promise((resolve) => setImmediate(resolve))
process.stdout.write('not here\n')
