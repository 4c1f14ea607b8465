/**
 * Where in a body a member stands, as people write it.
 * @example memberPath(['messages', 2, 'role']) // 'messages[2].role'
 */
export const memberPath = (path: readonly PropertyKey[]): string =>
  path.reduce<string>(
    (text, key) => (typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`),
    '',
  )
