import type { Stats } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { fileFailure, systemCode } from './_file-failure.ts'
import type { Hold } from './_folder.ts'
import { openFolder } from './_folder.ts'
import { FileNotFoundError } from './errors.ts'
import { isPlainPath, parsePath, refused } from './paths.ts'
import type { FileFacts } from './sandbox.ts'

type Walk = { readonly root: string; readonly hold: Hold; readonly signal: AbortSignal }

/** Folders within folders. */
const maxDepth = 64

/** Regular files below a path, folder by folder, in the order of their names' bytes. */
export async function* listFiles(path: string, { max, ...walk }: Walk & { readonly max: number }) {
  const names = parsePath(path)
  let count = 0
  try {
    for await (const file of filesFrom(names, walk)) {
      if (count++ === max) return
      yield file
    }
  } catch (error) {
    walk.signal.throwIfAborted()
    throw fileFailure(error, path)
  }
}

async function* filesFrom(names: readonly string[], walk: Walk): AsyncGenerator<FileFacts> {
  const name = names.at(-1)
  if (name === undefined) return yield* filesBelow([], walk)
  const [entry] = await entriesOf(names.slice(0, -1), walk, [name])
  if (entry === undefined) throw new FileNotFoundError(names.join('/'))
  if (entry.stats.isSymbolicLink()) throw refused('The path goes over a link.')
  if (entry.stats.isDirectory()) return yield* filesBelow(names, walk)
  if (!entry.stats.isFile()) throw refused('The path is that of no regular file.')
  yield factsOf(names, entry.stats)
}

async function* filesBelow(names: readonly string[], walk: Walk): AsyncGenerator<FileFacts> {
  // The folder is not held while its folders are walked: one descriptor is open at a time, however deep they lie.
  for (const { name, stats } of await entriesOf(names, walk)) {
    walk.signal.throwIfAborted()
    const inner = [...names, name]
    if (stats.isFile()) yield factsOf(inner, stats)
    else if (stats.isDirectory() && inner.length < maxDepth) yield* vanishing(filesBelow(inner, walk))
  }
}

/** A folder that has gone since its name was read has no files. */
async function* vanishing(files: AsyncGenerator<FileFacts>): AsyncGenerator<FileFacts> {
  try {
    yield* files
  } catch (error) {
    if (!(error instanceof FileNotFoundError) && systemCode(error) !== 'ENOENT') throw error
  }
}

type Entry = { readonly name: string; readonly stats: Stats }

/** What stands in a folder, or only some names of it; without what no path can say. */
async function entriesOf(
  names: readonly string[],
  { root, hold, signal }: Walk,
  only?: readonly string[],
): Promise<Entry[]> {
  const folder = await openFolder(root, names, { hold })
  try {
    const found = only ?? (await readdir(folder.at('.'))).filter(isPlainPath).sort(byBytes)
    const entries: Entry[] = []
    for (const name of found) {
      signal.throwIfAborted()
      const stats = await lstat(folder.at(name)).catch(() => undefined) // gone since
      if (stats !== undefined) entries.push({ name, stats })
    }
    return entries
  } finally {
    await folder.close()
  }
}

const byBytes = (one: string, other: string): number => Buffer.compare(Buffer.from(one), Buffer.from(other))

const factsOf = (names: readonly string[], { size, mtimeMs }: Stats): FileFacts => ({
  path: names.join('/'),
  bytes: size,
  mtimeMs,
})
