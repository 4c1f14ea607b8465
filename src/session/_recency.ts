/** What stands in a list of recency. The list alone writes the two links. */
export type Linked<T> = { older: T | undefined; newer: T | undefined }

/** Things in the order of their last use. All of it takes constant time: a Map that is reordered leaves holes to skip. */
export type Recency<T> = {
  add(node: T): void
  touch(node: T): void
  remove(node: T): void
  oldest(): T | undefined
}

export function createRecency<T extends Linked<T>>(): Recency<T> {
  let oldest: T | undefined
  let newest: T | undefined

  const add = (node: T) => {
    node.older = newest
    node.newer = undefined
    if (newest === undefined) oldest = node
    else newest.newer = node
    newest = node
  }
  const remove = (node: T) => {
    if (node.older === undefined) oldest = node.newer
    else node.older.newer = node.newer
    if (node.newer === undefined) newest = node.older
    else node.newer.older = node.older
    node.older = undefined
    node.newer = undefined
  }

  return {
    add,
    remove,
    touch(node) {
      if (node === newest) return
      remove(node)
      add(node)
    },
    oldest: () => oldest,
  }
}
