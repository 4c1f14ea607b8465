import { rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { encodeCheckpoint } from './checkpoint.ts'
import type { LedgerImage } from './image.ts'
import type { OpenLogFile } from './log-file.ts'
import { syncDirectory } from './log-file.ts'

const chunkCharacters = 256 * 1024

/**
 * Writes a checkpoint so that its name appears only with all of it on the disk: another name, sync, rename, sync of
 * the folder. Other work goes on between the chunks.
 */
export async function writeCheckpoint(
  path: string,
  image: LedgerImage,
  { dialect, openFile }: { dialect: string; openFile: OpenLogFile },
): Promise<void> {
  const unfinished = `${path}.tmp`
  try {
    const file = await openFile(unfinished)
    try {
      let position = 0
      for (const chunk of chunks(encodeCheckpoint(image, dialect))) {
        const bytes = Buffer.from(chunk, 'utf8')
        await file.write(bytes, position)
        position += bytes.length
        await nextTurn()
      }
      await file.truncate(position)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(unfinished, path)
    await syncDirectory(dirname(path))
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
}

function* chunks(texts: Iterable<string>): Generator<string> {
  let chunk = ''
  for (const text of texts) {
    chunk += text
    if (chunk.length < chunkCharacters) continue
    yield chunk
    chunk = ''
  }
  if (chunk !== '') yield chunk
}
