/**
 * Loaded before the service (`--import`). The first SIGUSR2 begins to count CPU time, the second ends that and begins a
 * profile, the third ends the profile and writes both to the file that BENCH_PROFILE names. Not at once: profiling costs
 * time itself.
 */
import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'

const session = new Session()
const marks: { readonly process: number; readonly thread: number }[] = []

const cpuMs = () => {
  const [whole, thread] = [process.cpuUsage(), process.threadCpuUsage()]
  return { process: (whole.user + whole.system) / 1000, thread: (thread.user + thread.system) / 1000 }
}

async function advance(): Promise<void> {
  marks.push(cpuMs())
  if (marks.length === 2) {
    session.connect()
    await session.post('Profiler.enable')
    await session.post('Profiler.setSamplingInterval', { interval: 500 })
    await session.post('Profiler.start')
  }
  if (marks.length === 3) {
    const { profile } = await session.post('Profiler.stop')
    const [begin, end] = marks
    const cpu = { process: span(begin?.process, end?.process), thread: span(begin?.thread, end?.thread) }
    writeFileSync(process.env['BENCH_PROFILE'] ?? '', JSON.stringify({ profile, cpu }))
  }
}

const span = (begin = Number.NaN, end = Number.NaN): number => end - begin

process.on('SIGUSR2', () => void advance())
