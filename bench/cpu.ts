import { readFile } from 'node:fs/promises'

/** CPU of a process until now, all threads, milliseconds in steps of ten. Linux only. @see proc(5), /proc/pid/stat */
export async function cpuMs({ pid }: { readonly pid: number }): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ') // the third field and those after it
  return (Number(fields[11]) + Number(fields[12])) * 10
}
