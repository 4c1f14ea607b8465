import type { FileOps } from '../../src/session/_file-ops.ts'
import { realFiles } from '../../src/session/_file-ops.ts'

/** What a file system says when it is full. */
export const diskFull = (): Error =>
  Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })

/** A disk that takes so many bytes and is full then; half of the last write is on it. */
export function fullAfter(maxBytes: number): FileOps {
  let left = maxBytes
  return {
    ...realFiles,
    async open(path, how) {
      const file = await realFiles.open(path, how)
      return {
        ...file,
        async write(bytes) {
          const taken = bytes.subarray(0, Math.max(0, left))
          left -= bytes.length
          await file.write(taken)
          if (left < 0) throw diskFull()
        },
      }
    },
  }
}

/** A process that ends before its change of the disk numbered `step`, from 0: no change after it is made. */
export function deadFrom(step: number): { files: FileOps; isDead(): boolean } {
  let done = 0
  let isDead = false
  const live = async <T>(change: () => Promise<T>): Promise<T> => {
    isDead ||= done === step
    if (isDead) throw new Error('This process is gone.')
    done += 1
    return change()
  }
  const files: FileOps = {
    rename: (from, to) => live(() => realFiles.rename(from, to)),
    remove: (path) => live(() => realFiles.remove(path)),
    syncFolder: (path) => live(() => realFiles.syncFolder(path)),
    makeFolder: (path) => live(() => realFiles.makeFolder(path)),
    open: (path, how) =>
      live(async () => {
        const file = await realFiles.open(path, how)
        return {
          // Half of it, then the rest, so that a write may be cut in its middle.
          async write(bytes) {
            const half = Math.floor(bytes.length / 2)
            await live(() => file.write(bytes.subarray(0, half)))
            await live(() => file.write(bytes.subarray(half)))
          },
          sync: () => live(file.sync),
          close: () => file.close(),
        }
      }),
  }
  return { files, isDead: () => isDead }
}
