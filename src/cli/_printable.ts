const escaped = (character: string): string =>
  [...Array(character.length).keys()]
    .map((index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`)
    .join('')

/**
 * A text in one line of a terminal. A person decides on what they see: a caller's text must not move the cursor, turn
 * the direction of writing, or hide.
 * @see Unicode 17 §4.5, general categories C (other), Zl and Zp
 */
export const printable = (text: string): string => text.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escaped)

/** What a model wrote, in its own lines: line breaks and tabs stay, what a terminal obeys is shown. */
export const printableText = (text: string): string => text.replaceAll(/(?![\n\t])\p{Cc}|\p{Bidi_Control}/gu, escaped)
