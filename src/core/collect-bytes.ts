/**
 * All bytes of a stream, in memory; undefined when there are more than `maxBytes`, and then the rest has not been read.
 * An incoming request is given as `request.iterator({ destroyOnReturn: false })`, so that it can still be answered.
 */
export async function collectBytes(chunks: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Buffer | undefined> {
  const kept: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunks) {
    length += chunk.length
    if (length > maxBytes) return undefined
    kept.push(chunk)
  }
  return Buffer.concat(kept, length)
}
