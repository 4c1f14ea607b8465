/** Lines of text that belong together: words, or signs that stand in columns. */
export type Block = { readonly isBoard: boolean; readonly text: string }

const boardLine = /^\s*(?:[^|\n]{1,7}\|){2}[^|\n]{0,7}$|^\s*[-+=|\s]{5,}$/
const fence = /^\s*```/

/**
 * A text in blocks, so that boards keep their columns: rows of three with bars between, and whatever stands between
 * fences. @example blocksOf('Now:\n X | 1 | 2') // [{ isBoard: false, text: 'Now:' }, { isBoard: true, text: ' X | 1 | 2' }]
 */
export function blocksOf(text: string): readonly Block[] {
  const blocks: Block[] = []
  let isFenced = false
  for (const line of text.split('\n')) {
    if (fence.test(line)) {
      isFenced = !isFenced
      continue
    }
    const isBoard = isFenced || boardLine.test(line)
    const last = blocks.at(-1)
    if (last?.isBoard === isBoard) blocks[blocks.length - 1] = { isBoard, text: `${last.text}\n${line}` }
    else blocks.push({ isBoard, text: line })
  }
  return blocks.filter((block) => block.text.trim() !== '')
}
