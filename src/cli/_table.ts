/** Rows as lines, their cells below each other; numbers to the right, as the head's cell says by a blank before it. */
export function toTable(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = head.map((name, column) =>
    Math.max(...[head, ...rows].map((row) => (row[column] ?? name).trim().length)),
  )
  return [head, ...rows].map((row) =>
    row
      .map((cell, column) => {
        const [text, width] = [cell.trim(), widths[column] ?? 0]
        return head[column]?.startsWith(' ') ? text.padStart(width) : text.padEnd(width)
      })
      .join('  ')
      .trimEnd(),
  )
}
