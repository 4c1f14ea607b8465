/** How the first bytes of each format look in base64. */
const beginnings = [
  { begins: '/9j/', type: 'image/jpeg' },
  { begins: 'R0lGOD', type: 'image/gif' },
  { begins: 'UklGR', type: 'image/webp' },
] as const

/** The media type of an image in base64, by its first bytes; PNG where they tell nothing. */
export const mediaTypeOf = (image: string): string =>
  beginnings.find(({ begins }) => image.startsWith(begins))?.type ?? 'image/png'
