import { readFile, stat } from 'node:fs/promises'

/** The process that holds a lock on a file, as `process 123 (node bin/otto.js serve)`; undefined where nobody tells. */
export async function lockHolder(path: string): Promise<string | undefined> {
  const [locks, { ino }] = await Promise.all([readText('/proc/locks'), stat(path)])
  const pid = pidIn(locks, ino)
  if (pid === undefined) return undefined
  const command = (await readText(`/proc/${pid}/cmdline`)).replaceAll('\0', ' ').trim()
  return `process ${pid}${command === '' ? '' : ` (${command.slice(0, 80)})`}`
}

/** @see proc_locks(5): `1: POSIX  ADVISORY  WRITE 123 08:01:456 0 EOF`, the inode in the sixth column */
function pidIn(locks: string, ino: number): string | undefined {
  const fields = locks.split('\n').map((line) => line.trim().split(/\s+/))
  const held = fields.find((line) => line[1] !== '->' && line[5]?.split(':')[2] === String(ino))
  const pid = held?.[4]
  return pid !== undefined && /^[1-9]\d*$/.test(pid) ? pid : undefined
}

const readText = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '')
